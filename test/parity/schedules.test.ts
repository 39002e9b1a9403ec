import { describe, expect, test } from 'vitest';
import { createSchedule, type ScheduleBase } from '../../src/engine/train/schedules.ts';
import { ScheduleSpec } from '../../src/spec/schedule.ts';
import { expectClose, fixture } from './fixture.ts';

interface Schedules {
  base: ScheduleBase;
  cases: { spec: Record<string, unknown>; rates: number[]; momenta?: number[] }[];
  performance: { spec: Record<string, unknown>; values: number[]; rates: number[] };
}
const { base, cases, performance } = fixture<Schedules>('schedules');

describe('the rate at every step', () => {
  test.each(cases)('of $spec', ({ spec, rates, momenta }) => {
    const schedule = createSchedule(ScheduleSpec.parse(spec), { ...base, momentum: 0.9 });
    const found = rates.map((_, step) => schedule.at(step, Math.floor(step / base.stepsPerEpoch)));
    expectClose(
      found.map((at) => at.learningRate),
      rates,
      { tolerance: 1e-12, floor: 1e-9 },
    );
    if (momenta === undefined) expect(new Set(found.map((at) => at.momentum))).toEqual(new Set([undefined]));
    else
      expectClose(
        found.map((at) => at.momentum!),
        momenta,
        { tolerance: 1e-12 },
      );
  });
});

test('performance lowers the rate as PyTorch’s ReduceLROnPlateau, whose patience is one less', () => {
  const schedule = createSchedule(ScheduleSpec.parse(performance.spec), base);
  const found = performance.values.map((value, epoch) => {
    schedule.onEpochEnd!({ val_loss: value });
    return schedule.at((epoch + 1) * base.stepsPerEpoch, epoch + 1).learningRate;
  });
  expect(found).toEqual(performance.rates);
});
