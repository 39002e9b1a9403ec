import { describe, expect, it } from 'vitest';
import type { Nest } from '../../../../src/engine/compile/loops/nest.ts';
import { compileNests, link, nestFunctions } from '../../../../src/engine/compile/run/link.ts';
import { createMachine, firstFree, reserve } from '../../../../src/engine/compile/run/machine.ts';

/** Where C's `fenv_t` is known and koffi has a build. */
const canFlush = process.arch === 'x64' && process.platform === 'linux';

const SIZE = 64;
const machine = await createMachine();
const address = firstFree(1);
reserve(machine, address + SIZE * 4);
const numbers = new Float32Array(machine.memory.buffer, address, SIZE);

/** A moving average of zeros. */
const decay: Nest = {
  dimensions: [{ size: SIZE, reduced: false }],
  pointers: [[1]],
  steps: [{ fn: 'mul', args: [{ pointer: 0 }, 0.9] }],
  stores: [{ value: { step: 0 }, pointer: 0 }],
  reductions: [],
};
const functions = nestFunctions(compileNests([decay]), 1, machine);
const step = link([{ kind: 'nest', nest: 0, from: 0, to: SIZE, pointers: [address] }], functions, machine);

/** A denormal that arithmetic makes, in float64: 0 where they are flushed. */
function denormal(): number {
  const numbers = Float64Array.of(2 ** -1022, 0.5);
  return numbers[0]! * numbers[1]!;
}

describe.runIf(canFlush)('a program', () => {
  it('lets an average that decays become 0, which rounding would keep at the least denormal', () => {
    numbers.fill(1);
    const rounded = Float32Array.of(1);
    for (let i = 0; i < 1500; i++) {
      step();
      rounded[0] = rounded[0]! * 0.9;
    }
    expect(rounded[0]).toBeGreaterThan(0);
    expect([...numbers]).toEqual(Array(SIZE).fill(0));
  });

  it('takes denormal numbers that it is given for 0', () => {
    numbers.fill(2 ** -130);
    step();
    expect([...numbers]).toEqual(Array(SIZE).fill(0));
  });

  it('keeps the least normal numbers', () => {
    numbers.fill(2 ** -125);
    step();
    expect(numbers[0]).toBe(Math.fround(2 ** -125 * Math.fround(0.9)));
  });
});

describe('JavaScript', () => {
  it('has its denormal numbers after a program', () => {
    step();
    expect(denormal()).toBe(2 ** -1023);
  });

  it('has them after a program that threw', () => {
    let inside: number | undefined;
    const call = machine.flushing(() => {
      inside = denormal();
      throw new Error('stopped');
    });
    expect(call).toThrow('stopped');
    expect(inside).toBe(canFlush ? 0 : 2 ** -1023);
    expect(denormal()).toBe(2 ** -1023);
  });
});
