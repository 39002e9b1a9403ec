import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSchedule, type Schedule } from '../../../src/engine/train/schedules.ts';
import { ScheduleSpec } from '../../../src/spec/schedule.ts';

const BASE = { learningRate: 0.1, momentum: 0.9, totalSteps: 100, stepsPerEpoch: 10 };

function schedule(spec: Record<string, unknown>, base = {}): Schedule {
  return createSchedule(ScheduleSpec.parse(spec), { ...BASE, ...base });
}
const rate = (made: Schedule, step: number) => made.at(step, Math.floor(step / 10)).learningRate;

describe('1cycle', () => {
  const oneCycle = { type: 'oneCycle', maxLearningRate: 1 };

  test('has the maximum at the top and the last rate at the last step, and stays there', () => {
    const made = schedule(oneCycle);
    expect([0, 45, 90].map((step) => rate(made, step))).toEqual([0.1, 1, 0.1]);
    expect(rate(made, 99)).toBeCloseTo(1e-4, 12);
    expect(rate(made, 500)).toBeCloseTo(1e-4, 12);
    expect([0, 45, 90, 99].map((step) => made.at(step, 0).momentum)).toEqual([0.95, 0.85, 0.95, 0.95]);
  });

  test('cycles no momentum where the optimizer has none', () => {
    expect(schedule(oneCycle, { momentum: undefined }).at(3, 0).momentum).toBeUndefined();
  });

  test('stays between the last rate and the maximum in a stage of any length', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0.01, max: 0.98, noNaN: true }),
        (totalSteps, up) => {
          const made = schedule({ ...oneCycle, upFraction: up, downFraction: 0.99 - up }, { totalSteps });
          for (let step = 0; step < totalSteps; step++) {
            const { learningRate, momentum } = made.at(step, 0);
            expect(learningRate).toBeGreaterThanOrEqual(1e-4 - 1e-12);
            expect(learningRate).toBeLessThanOrEqual(1);
            expect(momentum).toBeGreaterThanOrEqual(0.85 - 1e-12);
            expect(momentum).toBeLessThanOrEqual(0.95);
          }
          if (totalSteps > 1) expect(rate(made, totalSteps - 1)).toBeCloseTo(1e-4, 10);
        },
      ),
    );
  });
});

describe('the range test', () => {
  const lrFinder = { type: 'lrFinder', minLearningRate: 1e-4, maxLearningRate: 1 };

  test('rises by the same factor at every step, from the least rate to the greatest', () => {
    const made = schedule({ ...lrFinder, steps: 41 });
    for (const step of [0, 1, 7, 20, 40])
      expect(rate(made, step) / 10 ** (-4 + step / 10)).toBeCloseTo(1, 12);
    expect(rate(schedule(lrFinder), 99)).toBeCloseTo(1, 12);
    expect(schedule(lrFinder).at(3, 0).momentum).toBeUndefined();
  });

  test('of one step has the least rate', () => {
    expect(rate(schedule(lrFinder, { totalSteps: 1 }), 0)).toBe(1e-4);
  });
});

describe('warm-up', () => {
  test('of 1cycle rises to its first rate, and the cycle has the steps that are left', () => {
    const [made, alone] = [
      schedule({ type: 'oneCycle', maxLearningRate: 1, warmup: { steps: 4 } }),
      schedule({ type: 'oneCycle', maxLearningRate: 1 }, { totalSteps: 96 }),
    ];
    expect([0, 1, 2, 3].map((step) => rate(made, step))).toEqual(
      [0.025, 0.05, 0.1 * 0.75, 0.1].map((n) => expect.closeTo(n, 12)),
    );
    expect([0, 3].map((step) => made.at(step, 0).momentum)).toEqual([0.95, 0.95]);
    for (let step = 0; step < 96; step++) expect(made.at(step + 4, 0)).toEqual(alone.at(step, 0));
  });

  test.each([
    { type: 'constant' },
    { type: 'exponential', decaySteps: 7 },
    { type: 'power', decaySteps: 7 },
    { type: 'cosine' },
    { type: 'piecewiseConstant', boundaries: [3], factors: [1, 0.5] },
    { type: 'performance' },
  ])('of $type rises linearly to the first rate, and the schedule begins after it', (spec) => {
    const made = schedule({ ...spec, warmup: { steps: 4 } });
    const rising = [0, 1, 2, 3].map((step) => rate(made, step));
    for (const [i, value] of rising.entries()) expect(value).toBeCloseTo(0.1 * [0.25, 0.5, 0.75, 1][i]!, 12);
    expect(rate(made, 4)).toBe(0.1);
  });

  test('of a schedule per epoch takes whole epochs off its clock', () => {
    const made = schedule({
      type: 'exponential',
      per: 'epoch',
      decaySteps: 1,
      decayRate: 0.5,
      warmup: { steps: 20 },
    });
    expect([20, 29, 30, 40].map((step) => rate(made, step))).toEqual([0.1, 0.1, 0.05, 0.025]);
  });

  test('that outlasts the stage leaves the cosine finite', () => {
    const made = schedule({ type: 'cosine', warmup: { steps: 200 } });
    for (let step = 0; step < 300; step++) expect(rate(made, step)).toBeGreaterThanOrEqual(0);
  });
});

describe('performance', () => {
  const spec = { type: 'performance', patience: 2, factor: 0.5, minDelta: 0 };
  const rateAfter = (made: Schedule, values: readonly number[], monitor = 'val_loss') => {
    for (const value of values) made.onEpochEnd!({ [monitor]: value });
    return rate(made, 0);
  };

  test('takes more of an accuracy for better', () => {
    expect(
      rateAfter(schedule({ ...spec, monitor: 'val_accuracy' }), [0.5, 0.6, 0.7, 0.8], 'val_accuracy'),
    ).toBe(0.1);
    expect(rateAfter(schedule({ ...spec, monitor: 'val_accuracy' }), [0.8, 0.7, 0.6], 'val_accuracy')).toBe(
      0.05,
    );
    expect(rateAfter(schedule(spec), [0.5, 0.6, 0.7])).toBe(0.05);
  });

  test('takes what is not finite for no improvement', () => {
    expect(rateAfter(schedule(spec), [Number.NaN, Number.NEGATIVE_INFINITY])).toBe(0.05);
    expect(rateAfter(schedule(spec), [Number.NaN, 1, Number.NaN])).toBe(0.1);
  });

  test('goes down to the floor, and a floor above the rate does not raise it', () => {
    expect(rateAfter(schedule({ ...spec, minLearningRate: 0.04 }), Array(9).fill(1))).toBe(0.04);
    expect(rateAfter(schedule({ ...spec, minLearningRate: 0.5 }), Array(9).fill(1))).toBe(0.1);
  });

  test('says which metric is missing and which there are', () => {
    expect(() => schedule(spec).onEpochEnd!({ loss: 1, accuracy: 0.5 })).toThrow(
      /“val_loss”.*loss, accuracy/,
    );
  });

  test('goes on from its saved state, through JSON, as if never interrupted', () => {
    const losses = fc.array(fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.constant(Number.NaN)));
    fc.assert(
      fc.property(losses, losses, (first, second) => {
        const [straight, before, resumed] = [schedule(spec), schedule(spec), schedule(spec)];
        rateAfter(before, first);
        resumed.restore(JSON.parse(JSON.stringify(before.state())));
        expect(rateAfter(resumed, second)).toBe(rateAfter(straight, [...first, ...second]));
        expect(resumed.state()).toEqual(straight.state());
      }),
    );
    expect(() => schedule(spec).restore(null)).toThrow(/saved state/);
  });
});

test('only performance has a state', () => {
  const made = schedule({ type: 'cosine' });
  expect(made.state()).toBeNull();
  expect(made.onEpochEnd).toBeUndefined();
});

test.each([
  [{ type: 'piecewiseConstant', boundaries: [3], factors: [1, 2, 3] }, 'factors'],
  [{ type: 'piecewiseConstant', boundaries: [3, 3], factors: [1, 2, 3] }, 'boundaries'],
  [{ type: 'oneCycle', maxLearningRate: 1, upFraction: 0.6, downFraction: 0.6 }, 'downFraction'],
  [{ type: 'lrFinder', minLearningRate: 1, maxLearningRate: 1 }, 'maxLearningRate'],
])('refuses %o and points to %s', (spec, field) => {
  expect(ScheduleSpec.safeParse(spec).error!.issues[0]!.path).toEqual([field]);
});
