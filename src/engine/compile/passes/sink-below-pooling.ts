import type { Kernel, MapOp, Operation, Program, Reduce, Window } from '../ir/program.ts';
import { outcomes, substituted, viewsOf, withViews } from '../ir/rewrite.ts';
import { isWhole, merged, type ValueId, type View, whole } from '../ir/view.ts';

/**
 * A bias and a ReLU between a convolution and a max pooling go below it: the greatest of a window is the same
 * before and after, and there are fewer numbers to add to and to cut off. Going back, the pool's gradient is cut
 * off before it is spread, and the bias's is the sum of as few. Where two numbers of a window differ by so little
 * that adding the bias made them equal, the gradient goes to the greater one, and not to the first.
 */
export function sinkBelowPooling(program: Program): Program {
  const takers = takersOf(program);
  const sites = program.operations.flatMap((operation, id) => {
    const site =
      operation.kind === 'kernel' && operation.name === 'maxPool' ? siteOf(program, takers, id) : null;
    return site ? [site] : [];
  });
  return sites.length === 0 ? program : rebuilt(program, sites);
}

/** A pool that something can go below, and what is to change. */
interface Site {
  readonly pool: ValueId;
  readonly window: Window;
  /** What the pool is to see, and the bias that is to be added below it. */
  readonly input: View;
  readonly bias: View;
  /** The gradients: spread by the pool, cut off by the ReLU, summed up for the bias. */
  readonly spread: ValueId | null;
  readonly cut: ValueId | null;
  readonly sums: readonly ValueId[];
}

function siteOf(program: Program, takers: readonly (readonly ValueId[])[], pool: ValueId): Site | null {
  const { operations } = program;
  const { operands, window } = operations[pool] as Kernel;
  const [pooled] = operands as [View];
  const relu = operations[pooled.value]!;
  if (!isWhole(pooled, relu.size) || relu.kind !== 'map' || relu.fn !== 'max' || relu.operands[1] !== 0)
    return null;
  const [summed] = relu.operands as [View, 0];
  const sum = operations[summed.value]!;
  if (sum.kind !== 'map' || sum.fn !== 'add' || !isWhole(summed, sum.size)) return null;
  const [input, bias] = sum.operands as [View, View];
  if (typeof input === 'number' || typeof bias === 'number') return null;
  if (!isWhole(input, sum.size) || !isOneAChannel(bias, window!.channels)) return null;

  const spreads = takers[pooled.value]!.filter((id) => id !== pool);
  const signs = takers[summed.value]!.filter((id) => id !== pooled.value);
  const isKept = keptIn(program);
  if (spreads.length > 1 || signs.length > 1 || isKept(pooled.value) || isKept(summed.value)) return null;
  const site = { pool, window: window!, input, bias };
  if (spreads.length === 0 && signs.length === 0) return { ...site, spread: null, cut: null, sums: [] };
  const [spread, sign] = [spreads[0], signs[0]];
  if (spread === undefined || sign === undefined) return null;
  const gradient = operations[spread]!;
  const isSpread = gradient.kind === 'kernel' && gradient.name === 'maxPoolGradient';
  if (!isSpread || gradient.operands[1]!.value !== pool || !isSign(operations[sign]!)) return null;
  const [cut, ...others] = takers[spread]!;
  if (cut === undefined || others.length > 0 || takers[sign]!.some((id) => id !== cut)) return null;
  if (!isProductOf(operations[cut]!, spread, sign)) return null;
  const sums = takers[cut]!.filter((id) => isSumAChannel(operations[id]!, window!.channels));
  return { ...site, spread, cut, sums };
}

function takersOf({ operations }: Program): ValueId[][] {
  const takers: ValueId[][] = operations.map(() => []);
  for (const [id, operation] of operations.entries()) {
    for (const value of new Set(viewsOf(operation).map(({ value }) => value))) takers[value]!.push(id);
  }
  return takers;
}

function keptIn({ results, nextState }: Program): (value: ValueId) => boolean {
  const kept = new Set([...Object.values(results), ...Object.values(nextState)].map(({ value }) => value));
  return (value) => kept.has(value);
}

function isOneAChannel({ factors }: View, channels: number): boolean {
  const [outer, inner, ...others] = merged(factors);
  if (channels === 1) return outer === undefined || (outer[1] === 0 && inner === undefined);
  return others.length === 0 && outer?.[1] === 0 && inner?.[0] === channels && inner[1] === 1;
}

function isSign(operation: Operation): boolean {
  return operation.kind === 'map' && operation.fn === 'gt' && operation.operands[1] === 0;
}

function isProductOf(operation: Operation, a: ValueId, b: ValueId): boolean {
  if (operation.kind !== 'map' || operation.fn !== 'mul') return false;
  const views = viewsOf(operation).filter((view) => isWhole(view, operation.size));
  return [a, b].every((value) => views.some((view) => view.value === value));
}

function isSumAChannel(operation: Operation, channels: number): boolean {
  if (operation.kind !== 'reduce' || operation.fn !== 'sum') return false;
  const kept = operation.extents.findIndex(({ reduced }) => !reduced);
  return kept === operation.extents.length - 1 && operation.extents[kept]!.size === channels;
}

function rebuilt(program: Program, sites: readonly Site[]): Program {
  const builder = new Rebuilding(program);
  for (const id of program.operations.keys()) {
    const pool = sites.find((site) => site.pool === id);
    const spread = sites.find((site) => site.spread === id);
    const sum = sites.find(({ sums }) => sums.includes(id));
    if (pool) builder.pool(pool);
    else if (spread) builder.spread(spread);
    else if (sum) builder.sum(sum, id);
    else if (!sites.some((site) => site.cut === id)) builder.keep(id);
  }
  return builder.program();
}

class Rebuilding {
  readonly #old: Program;
  readonly #operations: Operation[] = [];
  /** What stands now for each old value. */
  readonly #views = new Map<ValueId, View>();
  /** Of each pool: the greatest of its windows, and its gradient after the ReLU's. */
  readonly #greatest = new Map<ValueId, View>();
  readonly #gradient = new Map<ValueId, View>();

  constructor(program: Program) {
    this.#old = program;
  }

  #add(operation: Operation): View {
    this.#operations.push(operation);
    return whole(this.#operations.length - 1, operation.size);
  }

  #now(view: View): View {
    return substituted(view, this.#views)!;
  }

  keep(id: ValueId): void {
    this.#views.set(id, this.#add(withViews(this.#old.operations[id]!, (view) => this.#now(view))));
  }

  pool({ pool, window, input, bias }: Site): void {
    const { size } = this.#old.operations[pool]!;
    const greatest = this.#add({
      kind: 'kernel',
      name: 'maxPool',
      operands: [this.#now(input)],
      window,
      size,
    });
    const { channels } = window;
    const below = { ...this.#now(bias), factors: [[size / channels, 0] as const, [channels, 1] as const] };
    const sum = this.#map('add', [greatest, below], size);
    this.#greatest.set(pool, greatest);
    this.#views.set(pool, this.#map('max', [sum, 0], size));
  }

  spread({ pool, spread, cut, input, window }: Site): void {
    const [, output, dy] = (this.#old.operations[spread!] as Kernel).operands as [View, View, View];
    const { size } = this.#old.operations[pool]!;
    const sign = this.#map('gt', [this.#now(output), 0], size);
    const gradient = this.#map('mul', [this.#now(dy), sign], size);
    this.#gradient.set(pool, gradient);
    const operands = [this.#now(input), this.#greatest.get(pool)!, gradient];
    const all = this.#old.operations[spread!]!.size;
    this.#views.set(
      cut!,
      this.#add({ kind: 'kernel', name: 'maxPoolGradient', operands, window, size: all }),
    );
  }

  sum({ pool, window }: Site, id: ValueId): void {
    const operand = this.#gradient.get(pool)!;
    const { channels } = window;
    const rows = this.#old.operations[pool]!.size / channels;
    const extents = [
      { size: rows, reduced: true },
      { size: channels, reduced: false },
    ];
    const reduce: Reduce = { kind: 'reduce', fn: 'sum', operand, extents, size: channels };
    this.#views.set(id, this.#add(reduce));
  }

  #map(fn: MapOp['fn'], operands: MapOp['operands'], size: number): View {
    return this.#add({ kind: 'map', fn, operands, size });
  }

  program(): Program {
    return { operations: this.#operations, ...outcomes(this.#old, (view) => this.#now(view)) };
  }
}
