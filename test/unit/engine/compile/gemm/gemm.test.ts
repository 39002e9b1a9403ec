import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { describe, expect, it, test, vi } from 'vitest';
import { BLAS_NAMES, type Blas, findBlas } from '../../../../../src/engine/compile/gemm/find-blas.ts';
import { blasGemm, type Gemm, wasmGemm } from '../../../../../src/engine/compile/gemm/gemm.ts';
import { aMemory, aProduct, expectRight, type Product } from './multiplication.ts';

const found = await findBlas();

const PLAIN: Product = {
  ...{ m: 20, n: 30, k: 10, transposesA: false, transposesB: false, accumulate: false, gap: 0 },
};

/** One that must not be asked. */
const nobody: Gemm = {
  name: 'nobody',
  multiply: () => expect.fail('the product was handed on'),
};

describe('the product of the kernels', () => {
  it('is right', () => {
    const { memory, kernels, scratch } = aMemory();
    const gemm = wasmGemm(kernels, scratch);
    fc.assert(fc.property(aProduct, (product) => expectRight(gemm, memory, product)));
  });
});

describe.each(BLAS_NAMES)('the product of %s', (name) => {
  const blas = found.find((it) => it.name === name);
  const why = blas ? '' : ` (skipped: this machine has no ${name})`;

  test.skipIf(!blas)(`is right whatever is transposed, into C or onto it${why}`, () => {
    const { memory } = aMemory();
    const gemm = blasGemm(blas!, memory, nobody, 0);
    fc.assert(fc.property(aProduct, (product) => expectRight(gemm, memory, product)));
  });

  test.skipIf(!blas)(`is right in memory that came by growing${why}`, () => {
    const { memory } = aMemory();
    const gemm = blasGemm(blas!, memory, nobody, 0);
    const grown = memory.buffer.byteLength;
    memory.grow(2000);
    expect(memory.buffer.byteLength).toBeGreaterThan(grown);
    expectRight(gemm, memory, PLAIN, grown + 1999 * 65536);
  });

  test.skipIf(!blas)(`is right in a thread of its own${why}`, async () => {
    const { memory } = aMemory();
    const floats = new Float32Array(memory.buffer);
    floats.set([1, 2, 3, 4], 65536 / 4);
    const program = JSON.stringify(new URL('./multiply-in-thread.ts', import.meta.url));
    const start = `import('tsx/esm/api').then(({ register }) => register() && import(${program}))`;
    const worker = new Worker(start, { eval: true, workerData: { memory, name } });
    const [code] = await once(worker, 'exit');
    expect(code).toBe(0);
    expect(Array.from(floats.subarray(65536 / 4 + 4, 65536 / 4 + 8))).toEqual([7, 10, 15, 22]);
  });
});

/** Remembers what it is called with. */
function aRecorder() {
  const multiply = vi.fn<Blas['multiply']>();
  const blas: Blas = { name: 'onednn', library: 'none', paysFrom: 1000, multiply, addressOf: () => 0 };
  return { blas, multiply };
}

describe('a product of few numbers', () => {
  it('is left to the kernels', () => {
    const { blas, multiply } = aRecorder();
    const small = vi.fn<Gemm['multiply']>();
    const gemm = blasGemm(blas, aMemory().memory, { name: 'small', multiply: small });
    gemm.multiply(9, 10, 11, 0, 11, 1, 0, 10, 1, 0, 10, false);
    expect([small.mock.calls.length, multiply.mock.calls.length]).toEqual([1, 0]);
    gemm.multiply(10, 10, 10, 0, 10, 1, 0, 10, 1, 0, 10, false);
    expect([small.mock.calls.length, multiply.mock.calls.length]).toEqual([1, 1]);
  });
});

describe('strides', () => {
  it('with a gap either way are refused', () => {
    const { blas } = aRecorder();
    const gemm = blasGemm(blas, aMemory().memory, nobody, 0);
    const multiply = (aRow: number, aCol: number) =>
      gemm.multiply(10, 10, 10, 0, aRow, aCol, 0, 10, 1, 0, 10, false);
    expect(() => multiply(20, 2)).toThrow('A library multiplies no matrix with strides 20 and 2.');
    expect(() => multiply(2, 20)).toThrow('strides 2 and 20');
  });

  it.each([
    ['rows of A with a gap', [10, 10, 10, 0, 13, 1, 0, 10, 1, 0, 10], [false, 13, false, 10, 10]],
    ['a transposed A with a gap', [10, 10, 10, 0, 1, 13, 0, 10, 1, 0, 10], [true, 13, false, 10, 10]],
    ['a single row of A, told no stride', [1, 10, 10, 0, 0, 1, 0, 10, 1, 0, 10], [false, 10, false, 10, 10]],
    ['a single row of A with gaps', [1, 10, 10, 0, 9, 4, 0, 10, 1, 0, 10], [true, 4, false, 10, 10]],
    ['a single column of B', [10, 1, 10, 0, 10, 1, 0, 3, 1, 0, 1], [false, 10, false, 3, 1]],
    ['a single column of B, transposed', [10, 1, 10, 0, 10, 1, 0, 1, 10, 0, 5], [false, 10, false, 1, 5]],
  ] as const)('become what a library is told: %s', (_name, call, expected) => {
    const { blas, multiply } = aRecorder();
    const [m, n, k, a, aRow, aCol, b, bRow, bCol, c, cRow] = call;
    const gemm = blasGemm(blas, aMemory().memory, nobody, 0);
    gemm.multiply(m, n, k, a, aRow, aCol, b, bRow, bCol, c, cRow, false);
    const [ta, tb, , , , , aLeading, , bLeading, , , cLeading] = multiply.mock.calls[0]!;
    expect([ta, aLeading, tb, bLeading, cLeading]).toEqual(expected);
  });
});
