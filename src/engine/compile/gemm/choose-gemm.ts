import type { GemmCandidate, GemmReport } from '../../../spec/compilation.ts';
import { GREATEST_GEMM_SCRATCH_BYTES, instantiateKernels, type Kernels } from '../kernels/kernels.ts';
import { BLAS_NAMES, type Blas, type BlasName, findBlas } from './find-blas.ts';
import { blasGemm, type Gemm, wasmGemm } from './gemm.ts';

export type GemmPreference = 'auto' | 'wasm' | BlasName;

export interface GemmChoice {
  readonly gemm: Gemm;
  readonly report: GemmReport;
}

/**
 * What was chosen before, on this machine, without another test.
 * @throws Error where it is no longer there
 */
export async function gemmCalled(
  name: string,
  { memory, kernels, scratch }: Pick<GemmWish, 'memory' | 'kernels' | 'scratch'>,
): Promise<Gemm> {
  const small = wasmGemm(kernels, scratch);
  if (name === small.name) return small;
  const blas = (await findBlas()).find((it) => it.name === name);
  if (!blas) throw new Error(`The library ${name} is not on this machine any more.`);
  return blasGemm(blas, memory, small);
}

interface GemmWish {
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
  /** The address of `GREATEST_GEMM_SCRATCH_BYTES` bytes in the memory, of this thread alone. */
  readonly scratch: number;
  /** `auto`, or the only one to try before the kernels' own. */
  readonly preference?: GemmPreference;
  /** For tests: what was found on the machine. */
  readonly found?: readonly Blas[];
}

/**
 * How much faster than one that is earlier in the order of `findBlas`, which the kernels' own ends, another must be. Less
 * could be noise, and a run that goes on after a restart should be multiplied by the same library as before.
 */
const CLEARLY_FASTER = 1.5;

/**
 * Chooses what multiplies, by a self-test of some 50 ms: each library on the machine has to multiply matrices like
 * the kernels do, to 1e-4, and is timed. Threads each load it for themselves; give all but the first the name that
 * was chosen as the preference.
 */
export async function chooseGemm(wish: GemmWish): Promise<GemmChoice> {
  const { memory, kernels, scratch, preference = 'auto' } = wish;
  const found = preference === 'wasm' ? [] : (wish.found ?? (await findBlas()));
  const wanted = BLAS_NAMES.filter((name) => preference === 'auto' || preference === name);
  const trial = new Trial();
  const candidates = wanted.map(
    (name): GemmCandidate => trial.judge(found.find((it) => it.name === name) ?? name),
  );
  const small = wasmGemm(kernels, scratch);
  // Timed last: by now the engine has compiled the kernels for speed, and not only quickly.
  const own = { name: small.name, gflops: trial.gflopsOf(trial.wasm, 2 * TIMED_MS) };
  const right = [...candidates.filter((candidate) => 'gflops' in candidate), own];
  const best = right.reduce((best, later) => (later.gflops > best.gflops * CLEARLY_FASTER ? later : best));
  const { name: chosen, gflops } = best;
  const blas = found.find((it) => it.name === chosen);
  return {
    gemm: blas ? blasGemm(blas, memory, small) : small,
    report: { chosen, gflops, candidates: [...candidates, own] },
  };
}

interface Shape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly transposesA?: boolean;
  readonly transposesB?: boolean;
  readonly accumulate?: boolean;
}

/** Odd sizes, single rows and columns, each way of transposing, and more than a block of the kernel's k. */
const SHAPES: readonly Shape[] = [
  { m: 7, n: 5, k: 3 },
  { m: 33, n: 17, k: 9, transposesA: true },
  { m: 16, n: 31, k: 257, transposesB: true, accumulate: true },
  { m: 1, n: 40, k: 30, accumulate: true },
  { m: 40, n: 1, k: 30, transposesA: true },
  { m: 50, n: 60, k: 70, transposesA: true, transposesB: true, accumulate: true },
  { m: 64, n: 10, k: 128 },
];

const SIZE = 256;
const TIMED: Shape = { m: SIZE, n: SIZE, k: SIZE };
/** How long one is timed, at the least: enough for the best of some runs to be undisturbed. */
const TIMED_MS = 8;
/** Columns of C between its rows, which nothing may write to. */
const GAP = 3;

/** A memory of its own, in which products are tried. */
class Trial {
  readonly wasm: Gemm;
  readonly #memory: WebAssembly.Memory;
  readonly #a = 65536;
  readonly #b = this.#a + SIZE * SIZE * 4;
  readonly #c = this.#b + SIZE * SIZE * 4;
  readonly #floats: Float32Array;

  constructor() {
    const scratch = this.#c + SIZE * (SIZE + GAP) * 4;
    const pages = Math.ceil((scratch + GREATEST_GEMM_SCRATCH_BYTES) / 65536);
    this.#memory = new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
    this.#floats = new Float32Array(this.#memory.buffer);
    // Numbers without a pattern that a wrong stride could repeat, a few of them of each sign.
    for (let i = this.#a / 4; i < this.#c / 4; i++) this.#floats[i] = Math.sin(i * i);
    this.wasm = wasmGemm(instantiateKernels(this.#memory), scratch);
    this.#multiply(this.wasm, TIMED);
  }

  judge(blas: Blas | BlasName): GemmCandidate {
    if (typeof blas === 'string') return { name: blas, refusal: 'It was not found.' };
    const { name, library } = blas;
    try {
      const gemm = blasGemm(blas, this.#memory, this.wasm, 0);
      const wrong = SHAPES.find((shape) => !this.#isRight(gemm, shape));
      if (!wrong) return { name, library, gflops: this.gflopsOf(gemm) };
      const { m, n, k } = wrong;
      return { name, library, refusal: `It multiplied ${m}×${k} by ${k}×${n} wrongly.` };
    } catch (error) {
      return { name, library, refusal: error instanceof Error ? error.message : String(error) };
    }
  }

  gflopsOf(gemm: Gemm, least = TIMED_MS): number {
    let best = Number.POSITIVE_INFINITY;
    const begin = performance.now();
    for (let now = begin; now - begin < least; ) {
      this.#multiply(gemm, TIMED);
      const then = performance.now();
      best = Math.min(best, then - now);
      now = then;
    }
    return (2 * SIZE ** 3) / best / 1e6;
  }

  /** Whether it agrees with the kernels to 1e-4 of the greatest element, and leaves the gaps alone. */
  #isRight(gemm: Gemm, shape: Shape): boolean {
    const expected = this.#result(this.wasm, shape);
    const actual = this.#result(gemm, shape);
    const tolerance = 1e-4 * expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    return expected.every((value, i) =>
      i % (shape.n + GAP) < shape.n ? Math.abs(value - actual[i]!) <= tolerance : value === actual[i],
    );
  }

  #result(gemm: Gemm, shape: Shape): Float32Array {
    const c = this.#floats.subarray(this.#c / 4, this.#c / 4 + shape.m * (shape.n + GAP));
    for (let i = 0; i < c.length; i++) c[i] = Math.cos(i);
    this.#multiply(gemm, shape);
    return c.slice();
  }

  #multiply(gemm: Gemm, { m, n, k, transposesA, transposesB, accumulate = false }: Shape): void {
    const [aRow, aCol] = transposesA ? [1, m] : [k, 1];
    const [bRow, bCol] = transposesB ? [1, k] : [n, 1];
    gemm.multiply(m, n, k, this.#a, aRow, aCol, this.#b, bRow, bCol, this.#c, n + GAP, accumulate);
  }
}
