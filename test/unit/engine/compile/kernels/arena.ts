import { expect } from 'vitest';
import { instantiateKernels } from '../../../../../src/engine/compile/kernels/kernels.ts';
import { fillNormal, key } from '../../../../../src/random.ts';

const memory = new WebAssembly.Memory({ initial: 256, maximum: 65536, shared: true });
export const kernels = instantiateKernels(memory);

/** What is found between arrays as long as nothing is written there: no NaN, which stays NaN when added to. */
const GUARD = 0x3fa5_a5a5;
const GUARD_WORDS = 20;
const START = 65536;

interface Block {
  readonly at: number;
  readonly count: number;
  /** What an input must still hold at the end. */
  readonly holds: Float32Array | undefined;
}

/** Arrays in the kernels' memory with guard words around each. */
export class Arena {
  readonly #blocks: Block[] = [];
  #top = START;

  constructor() {
    this.#guard();
  }

  /** An array that a kernel may read but not write. @returns its address */
  input(values: ArrayLike<number>): number {
    return this.#place(Float32Array.from(values), true);
  }

  /** An array that a kernel may write, with what is in it before. @returns its address */
  output(before: ArrayLike<number>): number {
    return this.#place(Float32Array.from(before), false);
  }

  /** An array full of NaN, which shows where nothing was written. */
  blank(count: number): number {
    return this.output(new Float32Array(count).fill(Number.NaN));
  }

  read(at: number): Float32Array {
    const { count } = this.#blocks.find((block) => block.at === at)!;
    return new Float32Array(memory.buffer, at, count).slice();
  }

  expectOthersUntouched(): void {
    const words = new Uint32Array(memory.buffer, START, (this.#top - START) / 4);
    const guards = new Uint8Array(words.length).fill(1);
    for (const { at, count, holds } of this.#blocks) {
      guards.fill(0, (at - START) / 4, (at - START) / 4 + count);
      if (holds) expectSame(new Float32Array(memory.buffer, at, count), holds);
    }
    expect(words.findIndex((word, i) => guards[i] === 1 && word !== GUARD)).toBe(-1);
  }

  #place(values: Float32Array, isInput: boolean): number {
    const at = this.#top;
    const end = at + (values.length + 2 * GUARD_WORDS) * 4;
    if (end > memory.buffer.byteLength) memory.grow(Math.ceil((end - memory.buffer.byteLength) / 65536));
    new Float32Array(memory.buffer, at, values.length).set(values);
    this.#blocks.push({ at, count: values.length, holds: isInput ? values : undefined });
    this.#top += values.length * 4;
    this.#guard();
    return at;
  }

  #guard(): void {
    new Uint32Array(memory.buffer, this.#top, GUARD_WORDS).fill(GUARD);
    this.#top += GUARD_WORDS * 4;
  }
}

const drawn = new Map<number, Float32Array>();

/** Standard normal deviates, the same for the same seed. */
export function normals(seed: number, count: number): Float32Array {
  const known = drawn.get(seed);
  if (known && known.length >= count) return known.slice(0, count);
  drawn.set(seed, fillNormal(new Float32Array(2 * count), key(seed, 'kernels')));
  return normals(seed, count);
}

/** Expects the same bits, much faster than `toEqual` where there are many. */
export function expectSame(actual: Float32Array, expected: Float32Array): void {
  const [a, b] = [actual, expected].map((it) => Buffer.from(it.buffer, it.byteOffset, it.byteLength));
  if (a!.equals(b!)) return;
  const at = expected.findIndex((value, i) => !Object.is(value, actual[i]));
  expect.fail(`element ${at} is ${actual[at]}, not ${expected[at]}`);
}

/**
 * Expects sums computed in float32 where they were computed in float64 here.
 * @param scale what the greatest sum of magnitudes is
 */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, scale = 1): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) {
    if (Number.isNaN(expected[i])) expect(actual[i]).toBeNaN();
    else if (!(Math.abs(actual[i]! - expected[i]!) <= 2e-6 * scale)) {
      expect.fail(`element ${i} is ${actual[i]}, not ${expected[i]}`);
    }
  }
}
