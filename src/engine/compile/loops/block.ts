import { apply, type Body } from './body.ts';
import type { Argument, Nest, Step } from './nest.ts';
import { COMPARISONS, isComparison, uniform, VECTOR_MATH } from './vector-math.ts';
import { access, type Code, OP, simd } from './wasm.ts';

export const LANES = 4;
const BYTES_A_VECTOR = 16;
const BYTES_A_NUMBER = 4;

/** So many whole vectors along the last dimension, and so many lanes of one more. */
export interface Block {
  readonly vectors: number;
  readonly tail: number;
}

/** Where the code finds what moves along the index space. */
export interface Places {
  /** The local that has a pointer's address. */
  pointer(pointer: number): Code;
  /** What a pointer reads that stands still, in all lanes. */
  still(pointer: number): Code | undefined;
  /** The local that has a uniform's place in its stream. */
  index(step: number): Code;
}

/** The value of an argument in one of a block's vectors. */
export type Values = (argument: Argument, vector: number) => Code;

/** What a step made of one vector: numbers, or of a comparison all bits of a lane, set or not. */
interface Made {
  readonly mask?: Code;
  number?: Code;
}

/**
 * Sends a block through a nest's steps. The steps go over all vectors one after another, so that the processor
 * has independent work; all is read before anything is written, so a result may take an operand's place.
 */
export function computeBlock(body: Body, nest: Nest, places: Places, block: Block): Values {
  const vectors = Array.from({ length: countVectors(block) }, (_, vector) => vector);
  const made: Made[][] = [];
  const readOf = reader(body, nest, places, block);
  const numbersOf: Values = (argument, vector) => {
    if (typeof argument === 'number') return body.number(argument);
    if ('pointer' in argument) return readOf(argument.pointer, vector);
    const value = made[argument.step]![vector]!;
    value.number ??= body.let(apply(OP.and, value.mask!, body.number(1)));
    return value.number;
  };
  const maskOf = (argument: Argument, vector: number): Code | undefined =>
    typeof argument === 'object' && 'step' in argument ? made[argument.step]![vector]!.mask : undefined;
  for (const [at, step] of nest.steps.entries()) {
    const index = (vector: number) => indices(body, places.index(at), step.index!.at(-1) ?? 0, vector);
    made.push(vectors.map((vector) => computeStep(body, step, vector, { numbersOf, maskOf, index })));
  }
  // Before the first is written, all are there.
  for (const { value } of [...nest.stores, ...nest.reductions]) {
    for (const vector of vectors) numbersOf(value, vector);
  }
  for (const { value, pointer } of nest.stores) {
    const stride = nest.pointers[pointer]!.at(-1) ?? 1;
    for (const vector of vectors) {
      const lanes = vector < block.vectors ? LANES : block.tail;
      const [address, code] = [places.pointer(pointer), numbersOf(value, vector)];
      body.emit(
        stride === 1 ? store(address, vector, code, lanes) : scatter(address, stride, vector, code, lanes),
      );
    }
  }
  return numbersOf;
}

interface Sources {
  readonly numbersOf: Values;
  readonly maskOf: (argument: Argument, vector: number) => Code | undefined;
  readonly index: (vector: number) => Code;
}

function computeStep(body: Body, { fn, args }: Step, vector: number, sources: Sources): Made {
  const { numbersOf, maskOf } = sources;
  const [first, second] = args as [Argument, Argument];
  const operands = () => args.map((argument) => numbersOf(argument, vector));
  if (fn === 'uniform') {
    const [a, b] = operands() as [Code, Code];
    return { number: body.let(uniform(body, a, b, sources.index(vector))) };
  }
  if (isComparison(fn)) return { mask: body.let(apply(COMPARISONS[fn], ...operands())) };
  const masks = args.map((argument) => maskOf(argument, vector));
  if (fn === 'mul' && masks[0] && masks[1]) return { mask: body.let(apply(OP.and, masks[0], masks[1])) };
  if (fn === 'select') {
    const [then, otherwise] = args.slice(1).map((argument) => numbersOf(argument, vector)) as [Code, Code];
    const mask = masks[0] ?? apply(OP.ne, numbersOf(first, vector), body.number(0));
    if (args[2] === 0) return { number: body.let(apply(OP.and, then, mask)) };
    return { number: body.let(apply(OP.choose, then, otherwise, mask)) };
  }
  if ((fn === 'max' || fn === 'min') && typeof second === 'number') {
    // These take one instruction, and the first operand unless the second is beyond it: NaN goes through.
    const opcode = fn === 'max' ? OP.pseudoMax : OP.pseudoMin;
    return { number: body.let(apply(opcode, numbersOf(first, vector), body.number(second))) };
  }
  return { number: body.let(VECTOR_MATH[fn](body, ...operands())) };
}

export function countVectors({ vectors, tail }: Block): number {
  return vectors + Math.sign(tail);
}

/** Reads each vector of each pointer once. */
function reader(
  body: Body,
  nest: Nest,
  places: Places,
  block: Block,
): (pointer: number, vector: number) => Code {
  const known = new Map<string, Code>();
  return (pointer, vector) => {
    const still = places.still(pointer);
    if (still) return still;
    const stride = nest.pointers[pointer]!.at(-1) ?? 0;
    const key = stride === 0 ? `${pointer}` : `${pointer}.${vector}`;
    const lanes = vector < block.vectors ? LANES : block.tail;
    const loaded = known.get(key) ?? body.let(read(body, places.pointer(pointer), stride, vector, lanes));
    known.set(key, loaded);
    return loaded;
  };
}

function read(body: Body, address: Code, stride: number, vector: number, lanes: number): Code {
  if (stride === 0) return [...address, ...access(OP.loadSplat, 0)];
  if (stride === 1) return load(address, vector);
  const offset = (lane: number) => (vector * LANES + lane) * stride * BYTES_A_NUMBER;
  let gathered = body.let([...address, ...access(OP.loadOne, offset(0))]);
  // With a great stride the idle lanes could lie beyond the memory.
  for (let lane = 1; lane < lanes; lane++) {
    gathered = body.let([...address, ...gathered, ...access(OP.loadLane, offset(lane), lane)]);
  }
  return gathered;
}

function indices(body: Body, place: Code, stride: number, vector: number): Code {
  const lanes = Int32Array.from({ length: LANES }, (_, lane) => (vector * LANES + lane) * stride);
  return apply(OP.addInt, [...place, ...simd(OP.splatInt)], body.lanes(lanes));
}

/** Reads a vector; where fewer lanes are wanted, whatever lies behind them too. */
export function load(address: Code, vector: number): Code {
  return [...address, ...access(OP.load, vector * BYTES_A_VECTOR)];
}

/** Writes the first lanes of a vector, each `stride` elements after the one before it. */
function scatter(address: Code, stride: number, vector: number, value: Code, lanes: number): Code {
  return Array.from({ length: lanes }, (_, lane) => {
    const offset = (vector * LANES + lane) * stride * BYTES_A_NUMBER;
    return [...address, ...value, ...access(OP.storeLane32, offset, lane)];
  }).flat();
}

/** Writes the first lanes of a vector, and nothing beyond them. */
export function store(address: Code, vector: number, value: Code, lanes: number): Code {
  const offset = vector * BYTES_A_VECTOR;
  if (lanes === LANES) return [...address, ...value, ...access(OP.store, offset)];
  return [
    ...(lanes >= 2 ? [...address, ...value, ...access(OP.storeLane64, offset, 0)] : []),
    ...(lanes % 2 === 1
      ? [...address, ...value, ...access(OP.storeLane32, offset + (lanes - 1) * BYTES_A_NUMBER, lanes - 1)]
      : []),
  ];
}
