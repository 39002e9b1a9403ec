import type { Input, Kernel, KernelName, MatMul, Operation, Program, Window } from '../ir/program.ts';
import { matrixOf, viewOfMatrix } from '../ir/rewrite.ts';
import { type Factor, keyOf, sizeOf, strided, type ValueId, type View, whole } from '../ir/view.ts';
import { divisible, type Nest } from '../loops/nest.ts';
import { keptValues, makersOf, membersOf, type Schedule, takenBy, type Unit } from '../passes/units.ts';
import { type Lifetime, layOut } from './arena.ts';
import { type BoundNest, moveNest, nestOf } from './nest-of.ts';
import type { Placement } from './place.ts';
import { placeValues } from './placement.ts';
import { scratchBytes } from './scratch.ts';

/** A byte address. */
export type Address = number;

/** One call of a plan. */
export type Instruction = NestCall | Product | KernelCall;

/** Some iterations of the nest of this number, with what its pointers start at. */
export interface NestCall {
  readonly kind: 'nest';
  readonly nest: number;
  readonly from: number;
  readonly to: number;
  readonly pointers: readonly Address[];
}

export interface KernelCall {
  readonly kind: 'kernel';
  readonly name: KernelName;
  readonly operands: readonly Address[];
  readonly output: Address;
  /** How many numbers the output has. */
  readonly size: number;
  readonly scratch: Address;
  readonly window?: Window;
  readonly numbers?: Readonly<Record<string, number>>;
}

/** `[batch, m, k] · [batch, k, n]`; strides in elements. */
export interface Product {
  readonly kind: 'product';
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: Place;
  readonly b: Place;
  readonly c: Place;
}

export interface Place {
  readonly address: Address;
  readonly row: number;
  readonly column: number;
  readonly next: number;
}

export interface Region {
  readonly address: Address;
  /** How many numbers. */
  readonly size: number;
}

/** A program as calls on one memory. Plain data, that can be sent to another thread. */
export interface Plan {
  readonly nests: readonly Nest[];
  /** Makes the results, and changes nothing of the state. */
  readonly measure: readonly Instruction[];
  readonly update: readonly Instruction[];
  readonly inputs: Readonly<Record<string, Region & { readonly role: Input['role'] }>>;
  readonly results: Readonly<Record<string, Region>>;
  readonly constants: readonly (Region & { readonly data: Float32Array })[];
  /** Room that calls use while they run; it is the last that the plan needs beside the state. */
  readonly scratch: { readonly address: Address; readonly bytes: number };
}

const BYTES = 4;

/**
 * Says where all values of a program lie, and what to call with it.
 * @param stateAt where each input of the state lies
 * @param base where the rest may begin; 64 divides it
 */
export function planProgram(
  program: Program,
  schedule: Schedule,
  stateAt: (name: string) => Address,
  base: Address,
): Plan {
  return new Planner(program, schedule, stateAt, base).plan();
}

class Planner {
  readonly #program: Program;
  readonly #operations: readonly Operation[];
  readonly #units: readonly Unit[];
  readonly #firstUpdate: number;
  readonly #placement: Placement;
  readonly #addresses: ReadonlyMap<ValueId, Address>;
  readonly #scratch: Address;
  readonly #scratchBytes: number;
  readonly #nests = new Map<string, { nest: Nest; at: number }>();
  readonly #written: ReadonlySet<ValueId>;
  readonly #makers: ReadonlyMap<ValueId, number>;

  constructor(program: Program, schedule: Schedule, stateAt: (name: string) => Address, base: Address) {
    this.#program = program;
    this.#operations = program.operations;
    this.#units = [...schedule.measure, ...schedule.update];
    this.#firstUpdate = schedule.measure.length;
    this.#placement = placeValues(program, this.#units, this.#firstUpdate);
    this.#written = this.#writtenValues();
    this.#makers = makersOf(this.#units);
    const { addresses, end } = this.#addressBuffers(stateAt, base);
    this.#addresses = addresses;
    this.#scratch = end;
    this.#scratchBytes = this.#operations.map(scratchBytes).reduce((a, b) => Math.max(a, b), 0);
  }

  plan(): Plan {
    const calls = this.#units.map((unit, at) => this.#calls(unit, at));
    const update = [...calls.slice(this.#firstUpdate).flat(), ...this.#moves()];
    return {
      measure: calls.slice(0, this.#firstUpdate).flat(),
      update,
      nests: [...this.#nests.values()].map(({ nest }) => nest),
      inputs: this.#inputs(),
      results: Object.fromEntries(
        Object.entries(this.#program.results).map(([name, view]) => [name, this.#region(view)]),
      ),
      constants: this.#operations.flatMap((operation, id) =>
        operation.kind === 'constant'
          ? [
              {
                address: this.#addressOf(whole(id, operation.size)),
                size: operation.size,
                data: operation.data,
              },
            ]
          : [],
      ),
      scratch: { address: this.#scratch, bytes: this.#scratchBytes },
    };
  }

  #inputs(): Plan['inputs'] {
    return Object.fromEntries(
      this.#operations.flatMap((operation, id) =>
        operation.kind === 'input'
          ? [[operation.name, { ...this.#region(whole(id, operation.size)), role: operation.role }]]
          : [],
      ),
    );
  }

  #region(view: View): Region {
    return { address: this.#addressOf(view), size: view.factors.reduce((size, [n]) => size * n, 1) };
  }

  #addressOf(view: View): Address {
    const { value, offset } = this.#placement.seen(view);
    return this.#addresses.get(value)! + offset * BYTES;
  }

  /** Values that something outside of the nest that makes them takes. */
  #writtenValues(): ReadonlySet<ValueId> {
    const written = keptValues(this.#program);
    for (const unit of this.#units) for (const value of takenBy(this.#operations, unit)) written.add(value);
    return written;
  }

  #addressBuffers(stateAt: (name: string) => Address, base: Address) {
    const lifetimes = this.#lifetimes();
    const buffers = [...lifetimes.keys()];
    const { offsets, bytes } = layOut(buffers.map((buffer) => lifetimes.get(buffer)!));
    const addresses = new Map(buffers.map((buffer, i) => [buffer, base + offsets[i]!]));
    for (const [id, operation] of this.#operations.entries()) {
      if (operation.kind === 'input' && operation.role === 'state')
        addresses.set(id, stateAt(operation.name));
    }
    return { addresses, end: base + bytes };
  }

  /** Of each buffer that isn't the state's. */
  #lifetimes(): Map<ValueId, Lifetime> {
    const lifetimes = new Map<ValueId, Lifetime>();
    const note = (value: ValueId, at: number) => {
      const buffer = this.#placement.place(value).value;
      const operation = this.#operations[buffer]!;
      if (operation.kind === 'input' && operation.role === 'state') return;
      const known = lifetimes.get(buffer);
      const [from, to] = [Math.min(at, known?.from ?? at), Math.max(at, known?.to ?? at)];
      lifetimes.set(buffer, { bytes: operation.size * BYTES, from, to });
    };
    for (const [id, { kind }] of this.#operations.entries())
      if (kind === 'input' || kind === 'constant') note(id, -1);
    for (const [at, unit] of this.#units.entries()) {
      for (const id of membersOf(unit)) if (this.#writes(id, at)) note(id, at);
      for (const value of takenBy(this.#operations, unit)) note(value, at);
    }
    for (const value of keptValues(this.#program)) note(value, this.#units.length);
    return lifetimes;
  }

  #writes(value: ValueId, at: number): boolean {
    return this.#written.has(value) && this.#makers.get(value) === at;
  }

  #calls(unit: Unit, at: number): Instruction[] {
    if (unit.kind === 'nest') {
      return [this.#nest(nestOf(this.#program, unit.members, this.#placement, (id) => this.#writes(id, at)))];
    }
    const operation = this.#operations[unit.value]!;
    switch (operation.kind) {
      case 'matmul':
        return [this.#product(operation, unit.value)];
      case 'kernel':
        return [this.#kernel(operation, unit.value)];
      case 'assemble':
        return this.#assembly(unit.value, operation);
      default:
        throw new Error(`a ${operation.kind} is no unit`);
    }
  }

  /** Nests of the same shape share a function. */
  #nest({ nest, pointers }: BoundNest): Instruction {
    const key = JSON.stringify(nest);
    const known = this.#nests.get(key) ?? { nest, at: this.#nests.size };
    this.#nests.set(key, known);
    const addresses = pointers.map(({ value, offset }) => this.#addresses.get(value)! + offset * BYTES);
    return { kind: 'nest', nest: known.at, from: 0, to: divisible(nest), pointers: addresses };
  }

  #product(operation: MatMul, id: ValueId): Product {
    const { batch, m, n, k, a, b } = operation;
    const place = (view: View, shape: readonly [number, number, number]): Place => {
      const { value, offset, row, column, next } = matrixOf(view, shape)!;
      return { address: this.#addresses.get(value)! + offset * BYTES, row, column, next };
    };
    const seen = (matrix: typeof a, shape: readonly [number, number, number]) =>
      place(this.#placement.seen(viewOfMatrix(matrix, shape)), shape);
    return {
      kind: 'product',
      ...{ batch, m, n, k },
      a: seen(a, [batch, m, k]),
      b: seen(b, [batch, k, n]),
      c: this.#target(this.#placement.place(id), batch, m, n),
    };
  }

  #target(view: View, batch: number, m: number, n: number): Place {
    const [[, row]] = strided(view, [batch * m, n]) as [Factor];
    return { address: this.#addressOfPlace(view), row: row || n, column: 1, next: m * (row || n) };
  }

  #addressOfPlace({ value, offset }: View): Address {
    return this.#addresses.get(value)! + offset * BYTES;
  }

  #kernel({ name, operands, window, numbers, size }: Kernel, id: ValueId): Instruction {
    return {
      kind: 'kernel',
      name,
      operands: operands.map((view) => this.#addressOf(view)),
      output: this.#addressOfPlace(this.#placement.place(id)),
      size,
      scratch: this.#scratch,
      ...(window && { window }),
      ...(numbers && { numbers }),
    };
  }

  /** Moves the parts that weren't made in their places. */
  #assembly(id: ValueId, operation: Extract<Operation, { kind: 'assemble' }>): Instruction[] {
    const fill =
      operation.fill === null ? [] : [this.#nest(fillNest(operation.fill, this.#placement.place(id)))];
    const moves = operation.parts.flatMap(({ from, to }) => {
      const [source, target] = [this.#placement.seen(from), this.#placement.seen({ value: id, ...to })];
      return isSamePlace(source, target) ? [] : [this.#nest(moveNest(source, target))];
    });
    return [...fill, ...moves];
  }

  /** What couldn't be made in the state's place is moved there at the end. */
  #moves(): Instruction[] {
    const states = new Map(
      this.#operations.flatMap((operation, id) =>
        operation.kind === 'input' ? [[operation.name, id] as const] : [],
      ),
    );
    return Object.entries(this.#program.nextState).flatMap(([name, { value }]) => {
      const [source, target] = [
        this.#placement.place(value),
        whole(states.get(name)!, this.#operations[value]!.size),
      ];
      return isSamePlace(source, target) ? [] : [this.#nest(moveNest(source, target))];
    });
  }
}

function isSamePlace(a: View, b: View): boolean {
  return keyOf(a) === keyOf(b);
}

function fillNest(value: number, to: View): BoundNest {
  const size = sizeOf(to.factors);
  return {
    nest: {
      dimensions: [{ size, reduced: false }],
      pointers: [[1]],
      steps: [],
      stores: [{ value, pointer: 0 }],
      reductions: [],
    },
    pointers: [{ value: to.value, offset: to.offset }],
  };
}
