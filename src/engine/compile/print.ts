import type { MapOp, Operand, Operation, Program, Reduce } from './ir/program.ts';
import { viewsOf } from './ir/rewrite.ts';
import { isWhole, merged, type ValueId, type View } from './ir/view.ts';
import { keptValues, makersOf, membersOf, type Schedule, type Unit } from './passes/units.ts';
import type { Plan } from './plan/plan.ts';

/**
 * A compiled program for people to read. `%7` is the value of operation 7; of what it sees otherwise than as a
 * whole, the factors follow, `size·stride` each. Values in a loop that are written to memory have a `*`.
 * @param lines what inputs consist of, by their names
 */
export function printProgram(
  program: Program,
  schedule: Schedule,
  plan: Plan,
  lines: Readonly<Record<string, readonly Part[]>> = {},
): string {
  const printer = new Printer(program, [...schedule.measure, ...schedule.update], lines);
  const { length } = schedule.measure;
  return [
    printer.inputs(),
    '',
    'measure: makes the results, and changes nothing of the state',
    ...schedule.measure.map((unit, at) => printer.unit(unit, at)),
    '',
    `update: makes the next state${schedule.update.length === 0 ? ' (nothing)' : ''}`,
    ...schedule.update.map((unit, at) => printer.unit(unit, length + at)),
    '',
    ...printer.outcomes(),
    '',
    summary(program, schedule, plan),
  ].join('\n');
}

function summary({ operations }: Program, { measure, update }: Schedule, plan: Plan): string {
  const calls = [...plan.measure, ...plan.update];
  const count = (kind: string) => calls.filter((call) => call.kind === kind).length;
  const first = Math.min(
    ...Object.values(plan.inputs).flatMap((it) => (it.role === 'state' ? [] : [it.address])),
  );
  const mebibytes = (plan.scratch.address + plan.scratch.bytes - first) / 2 ** 20;
  return [
    `${operations.length} operations in ${measure.length + update.length} units:`,
    `${count('nest')} loops (${plan.nests.length} of them different), ${count('product')} products,`,
    `${count('kernel')} other kernels; ${mebibytes.toFixed(1)} MiB beside the state`,
  ].join(' ');
}

/** Some of an input's numbers, with a name of their own. */
export interface Part {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

class Printer {
  readonly #program: Program;
  readonly #operations: readonly Operation[];
  readonly #makers: ReadonlyMap<ValueId, number>;
  /** Values that something outside of their unit takes. */
  readonly #written: ReadonlySet<ValueId>;
  readonly #parts: Readonly<Record<string, readonly Part[]>>;

  constructor(program: Program, units: readonly Unit[], lines: Readonly<Record<string, readonly Part[]>>) {
    this.#program = program;
    this.#parts = lines;
    this.#operations = program.operations;
    this.#makers = makersOf(units);
    const written = keptValues(program);
    for (const unit of units) {
      const own = new Set(membersOf(unit));
      const taken = membersOf(unit).flatMap((id) => viewsOf(this.#operations[id]!));
      for (const { value } of taken) if (!own.has(value)) written.add(value);
    }
    this.#written = written;
  }

  inputs(): string {
    const of = (role: string) =>
      this.#operations.flatMap((it) =>
        it.kind === 'input' && it.role === role ? [`${it.name} [${it.size}]`] : [],
      );
    return ['data', 'key', 'state'].map((role) => `${role}: ${of(role).join(', ') || 'none'}`).join('\n');
  }

  unit(unit: Unit, at: number): string {
    if (unit.kind === 'alone') return `  ${this.#line(unit.value)}`;
    const size = this.#domain(this.#operations[unit.members[0]!] as MapOp | Reduce);
    const lines = unit.members.map((id) => {
      const isWritten = this.#written.has(id) && this.#makers.get(id) === at;
      return `    ${this.#line(id)}${isWritten ? ' *' : ''}`;
    });
    return [`  loop over ${size}`, ...lines].join('\n');
  }

  #domain(operation: MapOp | Reduce): number {
    if (operation.kind === 'map') return operation.size;
    return operation.extents.reduce((product, { size }) => product * size, 1);
  }

  outcomes(): string[] {
    const lines = (named: Readonly<Record<string, View>>) =>
      Object.entries(named).map(([name, view]) => `${name} = ${this.#view(view)}`);
    return [
      `results: ${lines(this.#program.results).join(', ')}`,
      `next state: ${lines(this.#program.nextState).join(', ') || 'none'}`,
    ];
  }

  #line(id: ValueId): string {
    const operation = this.#operations[id]!;
    return `%${id} = ${this.#text(operation)}`;
  }

  #text(operation: Operation): string {
    switch (operation.kind) {
      case 'input':
        return operation.name;
      case 'constant':
        return `constant [${operation.size}]`;
      case 'map':
        return `${operation.fn} ${operation.operands.map((operand) => this.#operand(operand)).join(', ')}`;
      case 'reduce': {
        const extents = operation.extents
          .map(({ size, reduced }) => (reduced ? `(${size})` : size))
          .join('×');
        return `${operation.fn} over ${extents} of ${this.#view(operation.operand)}`;
      }
      case 'assemble':
        return `assemble ${operation.parts.map(({ from }) => this.#view(from)).join(', ')}`;
      case 'matmul': {
        const { batch, m, k, n } = operation;
        const [a, b] = [operation.a, operation.b].map(
          ({ value, offset, row }) => `${this.#part(value, offset).name}${row === 1 ? 'ᵀ' : ''}`,
        );
        return `product ${batch > 1 ? `${batch} times ` : ''}[${m}×${k}]·[${k}×${n}] of ${a}, ${b}`;
      }
      case 'kernel':
        return `${operation.name} ${operation.operands.map((view) => this.#view(view)).join(', ')}`;
    }
  }

  #operand(operand: Operand): string {
    return typeof operand === 'number' ? String(operand) : this.#view(operand);
  }

  #view(view: View): string {
    const whole = this.#whole(view.value);
    if (isWhole(view, whole.size)) return whole.name;
    const { name, offset, size } = this.#part(view.value, view.offset);
    const inPart = { ...view, offset: view.offset - offset };
    if (isWhole(inPart, size)) return name;
    const factors = merged(view.factors).map(([size, stride]) => `${size}·${stride}`);
    return `${name}${inPart.offset > 0 ? `+${inPart.offset}` : ''}[${factors.join(' ')}]`;
  }

  #whole(id: ValueId): Part {
    const operation = this.#operations[id]!;
    const name = operation.kind === 'input' ? operation.name : `%${id}`;
    return { name, offset: 0, size: operation.size };
  }

  /** What has a name of its own at this place of a value. */
  #part(id: ValueId, at: number): Part {
    const whole = this.#whole(id);
    const parts = this.#parts[whole.name] ?? [];
    return parts.find(({ offset, size }) => offset <= at && at < offset + size) ?? whole;
  }
}
