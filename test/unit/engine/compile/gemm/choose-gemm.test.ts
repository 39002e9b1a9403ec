import { describe, expect, it, vi } from 'vitest';
import { chooseGemm, type GemmPreference } from '../../../../../src/engine/compile/gemm/choose-gemm.ts';
import type { Blas, BlasName } from '../../../../../src/engine/compile/gemm/find-blas.ts';
import { aMemory, expectRight } from './multiplication.ts';

const floats: Record<number, Float32Array> = {};

/** A library that multiplies by a plain loop after it has waited, at addresses that are its memory's number and an offset. */
function aLibrary(name: BlasName, ms: number, spoil: (c: Float32Array) => void = () => undefined): Blas {
  const number = Object.keys(floats).length + 1;
  const base = number * 2 ** 33;
  const at = (address: number) => (address - base) / 4;
  return {
    ...{ name, library: `lib${name}.so`, paysFrom: 1 },
    addressOf: (buffer) => {
      floats[number] = new Float32Array(buffer);
      return base;
    },
    multiply: (transposesA, transposesB, m, n, k, a, aLeading, b, bLeading, beta, c, cLeading) => {
      const memory = floats[number]!;
      const until = performance.now() + ms;
      // Only small products are computed: the large one is for the clock.
      for (let i = 0; i < m && m < 200; i++) {
        for (let j = 0; j < n; j++) {
          let sum = beta === 0 ? 0 : memory[at(c) + i * cLeading + j]! * beta;
          for (let l = 0; l < k; l++) {
            const x = memory[at(a) + (transposesA ? l * aLeading + i : i * aLeading + l)]!;
            const y = memory[at(b) + (transposesB ? j * bLeading + l : l * bLeading + j)]!;
            sum += x * y;
          }
          memory[at(c) + i * cLeading + j] = sum;
        }
      }
      spoil(memory.subarray(at(c), at(c) + (m - 1) * cLeading + n + 1));
      while (m >= 200 && performance.now() < until);
    },
  };
}

const SLOW_MS = 400;

async function choose(found: Blas[], preference: GemmPreference = 'auto') {
  const { memory, kernels, scratch } = aMemory();
  const choice = await chooseGemm({ memory, kernels, scratch, found, preference });
  return { ...choice, memory, names: choice.report.candidates.map((it) => it.name) };
}

/** What is told of a candidate, without how fast it is. */
const verdicts = (choice: Awaited<ReturnType<typeof choose>>) =>
  Object.fromEntries(
    choice.report.candidates.map((it) => [it.name, 'refusal' in it ? it.refusal : it.gflops > 0]),
  );

describe('the choice of what multiplies', () => {
  it('is the kernels where nothing is found', async () => {
    const choice = await choose([]);
    expect(choice.report.chosen).toBe('wasm');
    expect(choice.report.gflops).toBeGreaterThan(0);
    const missing = 'It was not found.';
    expect(verdicts(choice)).toEqual({ onednn: missing, openblas: missing, accelerate: missing, wasm: true });
  });

  it('is the fastest library', async () => {
    const { report, gemm } = await choose([aLibrary('onednn', 0.01), aLibrary('openblas', 0.001)]);
    expect([report.chosen, gemm.name]).toEqual(['openblas', 'openblas']);
    const chosen = report.candidates.find((it) => it.name === 'openblas');
    expect(chosen).toEqual({ name: 'openblas', library: 'libopenblas.so', gflops: report.gflops });
  });

  it('is the first of those that are about as fast', async () => {
    const { report } = await choose([aLibrary('onednn', 0.1), aLibrary('openblas', 0.08)]);
    expect(report.chosen).toBe('onednn');
  });

  it('is the kernels where each library is slower', async () => {
    const { report } = await choose([aLibrary('onednn', SLOW_MS)]);
    expect(report.chosen).toBe('wasm');
  });

  it('multiplies', async () => {
    const { gemm, memory } = await choose([aLibrary('onednn', 0.01)]);
    const product = { m: 9, n: 8, k: 7, transposesA: true, transposesB: false, accumulate: true, gap: 1 };
    expectRight(gemm, memory, product);
  });

  it.each([
    ['wrong', (c: Float32Array) => c.set([c[0]! + 0.01]), 'It multiplied 7×3 by 3×5 wrongly.'],
    ['not a number', (c: Float32Array) => c.set([Number.NaN]), 'It multiplied 7×3 by 3×5 wrongly.'],
    [
      'next to where it belongs',
      (c: Float32Array) => c.set([1], c.length - 1),
      'It multiplied 7×3 by 3×5 wrongly.',
    ],
  ])('is never one whose result is %s', async (_name, spoil, refusal) => {
    const choice = await choose([aLibrary('onednn', 0.01, spoil)]);
    expect(choice.report.chosen).toBe('wasm');
    expect(verdicts(choice).onednn).toBe(refusal);
  });

  it('is never one that throws', async () => {
    const fails = () => {
      throw new Error('oneDNN refused to multiply (status 2).');
    };
    const choice = await choose([aLibrary('onednn', 0.01, fails)]);
    expect(choice.report.chosen).toBe('wasm');
    expect(verdicts(choice).onednn).toBe('oneDNN refused to multiply (status 2).');
  });

  it('tries only what is preferred', async () => {
    const found = [aLibrary('onednn', 0.001), aLibrary('openblas', 0.01)];
    const preferred = await choose(found, 'openblas');
    expect([preferred.report.chosen, preferred.names]).toEqual(['openblas', ['openblas', 'wasm']]);
    const own = await choose(found, 'wasm');
    expect([own.report.chosen, own.names]).toEqual(['wasm', ['wasm']]);
  });

  it('is the kernels where koffi does not load', async () => {
    vi.resetModules();
    vi.doMock('koffi', () => {
      throw new Error('no binary for this machine');
    });
    const { findBlas } = await import('../../../../../src/engine/compile/gemm/find-blas.ts');
    expect(await findBlas()).toEqual([]);
    vi.doUnmock('koffi');
  });
});
