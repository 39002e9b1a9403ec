import type { ReduceFunction } from '../ir/program.ts';
import { type Block, countVectors, LANES, load, store, type Values } from './block.ts';
import { apply, type Body } from './body.ts';
import type { Nest } from './nest.ts';
import { type Code, get, OP, set, simd, V128 } from './wasm.ts';

const NEUTRAL: Readonly<Record<ReduceFunction, number>> = {
  sum: 0,
  prod: 1,
  max: Number.NEGATIVE_INFINITY,
  min: Number.POSITIVE_INFINITY,
};
const JOIN: Readonly<Record<ReduceFunction, number>> = {
  sum: OP.add,
  prod: OP.mul,
  max: OP.max,
  min: OP.min,
};
const SHUFFLE = 0x0d;
const HALVES_SWAPPED = [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7];
const PAIRS_SWAPPED = [4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11];

/** Vectors in locals that what a nest reduces is added up in: for each reduction as many as a block has. */
export type Sums = readonly (readonly number[])[];

export function startSums(body: Body, { reductions }: Nest, block: Block): Sums {
  return reductions.map(({ fn }) =>
    Array.from({ length: countVectors(block) }, () => {
      const local = body.local(V128);
      body.emit(body.number(NEUTRAL[fn]), set(local));
      return local;
    }),
  );
}

/** Adds one set of sums to another. */
export function joinSums(body: Body, { reductions }: Nest, totals: Sums, parts: Sums): void {
  for (const [i, { fn }] of reductions.entries()) {
    for (const [j, total] of totals[i]!.entries()) join(body, fn, total, get(parts[i]![j]!));
  }
}

/**
 * Adds a block's vectors to the sums.
 * @param along whether the block lies along what is reduced, so that its idle lanes must not count
 */
export function addBlock(
  body: Body,
  { reductions }: Nest,
  sums: Sums,
  values: Values,
  block: Block,
  along: boolean,
): void {
  for (const [i, { fn, value }] of reductions.entries()) {
    for (let vector = 0; vector < countVectors(block); vector++) {
      const isPartial = along && vector === block.vectors;
      const code = values(value, vector);
      const own = sums[i]!;
      join(body, fn, own[vector % own.length]!, isPartial ? masked(body, fn, code, block.tail) : code);
    }
  }
}

/** Adds to the sums of a block of columns what is in their place already. */
export function loadColumns(
  body: Body,
  nest: Nest,
  sums: Sums,
  block: Block,
  address: (pointer: number) => Code,
): void {
  for (const [i, { fn, pointer }] of nest.reductions.entries()) {
    for (const [vector, sum] of sums[i]!.entries()) {
      if (vector < countVectors(block)) join(body, fn, sum, load(address(pointer), vector));
    }
  }
}

/** Writes the sums of a block of columns. */
export function storeColumns(
  body: Body,
  nest: Nest,
  sums: Sums,
  block: Block,
  address: (p: number) => Code,
): void {
  for (const [i, { pointer }] of nest.reductions.entries()) {
    for (const [vector, sum] of sums[i]!.entries()) {
      const lanes = vector < block.vectors ? LANES : block.tail;
      body.emit(store(address(pointer), vector, get(sum), lanes));
    }
  }
}

/** Writes the one number that all lanes of all sums come to. */
export function storeRow(body: Body, nest: Nest, sums: Sums, address: (pointer: number) => Code): void {
  for (const [i, { fn, pointer }] of nest.reductions.entries()) {
    const [first, ...others] = sums[i] as [number, ...number[]];
    for (const other of others) join(body, fn, first, get(other));
    for (const order of [HALVES_SWAPPED, PAIRS_SWAPPED]) {
      join(body, fn, first, [...get(first), ...get(first), ...simd(SHUFFLE), ...order]);
    }
    body.emit(store(address(pointer), 0, get(first), 1));
  }
}

function join(body: Body, fn: ReduceFunction, sum: number, vector: Code): void {
  body.emit(apply(JOIN[fn], get(sum), vector), set(sum));
}

function masked(body: Body, fn: ReduceFunction, vector: Code, lanes: number): Code {
  const mask = body.lanes(Int32Array.from({ length: LANES }, (_, lane) => (lane < lanes ? -1 : 0)));
  return apply(OP.choose, vector, body.number(NEUTRAL[fn]), mask);
}
