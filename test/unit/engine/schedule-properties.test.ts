import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSchedule, type ScheduleBase } from '../../../src/engine/train/schedules.ts';
import { ScheduleSpec } from '../../../src/spec/schedule.ts';

const base = fc.record({
  learningRate: fc.double({ min: 1e-4, max: 1, noNaN: true }),
  totalSteps: fc.integer({ min: 1, max: 120 }),
  stepsPerEpoch: fc.integer({ min: 1, max: 20 }),
});
const duration = fc.integer({ min: 1, max: 100 });
const per = fc.constantFrom('step', 'epoch');
const fraction = fc.double({ min: 0.01, max: 0.99, noNaN: true });
const warmup = fc.option(fc.record({ steps: fc.integer({ min: 1, max: 60 }) }), { nil: undefined });

/** A schedule's rate at every step of its stage. */
function ratesOf(spec: object, given: ScheduleBase): { rates: number[]; momenta: (number | undefined)[] } {
  const schedule = createSchedule(ScheduleSpec.parse(spec), given);
  const moments = Array.from({ length: given.totalSteps }, (_, step) =>
    schedule.at(step, Math.floor(step / given.stepsPerEpoch)),
  );
  return {
    rates: moments.map(({ learningRate }) => learningRate),
    momenta: moments.map(({ momentum }) => momentum),
  };
}

const ROUNDING = 1e-12;
const jumps = (values: number[]) => values.slice(1).map((value, i) => Math.abs(value - values[i]!));

/** Decays from the rate itself, with the most that one unit of time may take off it and the least it may reach. */
interface Decay {
  spec: { type: string; per: string; warmup: { steps: number } | undefined };
  steepest: (learningRate: number, time: number) => number;
  floor: (learningRate: number) => number;
}
const decays: fc.Arbitrary<Decay> = fc.oneof(
  fc
    .record({ decaySteps: duration, power: fc.double({ min: 0.1, max: 4, noNaN: true }), per, warmup })
    .map(({ decaySteps, power, ...rest }) => ({
      spec: { type: 'power', decaySteps, power, ...rest },
      // (1 + t/d)^−p is steepest at its start.
      steepest: (rate: number) => (rate * power) / decaySteps,
      floor: () => 0,
    })),
  fc
    // 0.05 to the hundred and twentieth is still far above the least float64.
    .record({
      decaySteps: duration,
      decayRate: fc.double({ min: 0.05, max: 0.99, noNaN: true }),
      per,
      warmup,
    })
    .map(({ decaySteps, decayRate, ...rest }) => ({
      spec: { type: 'exponential', decaySteps, decayRate, ...rest },
      steepest: (rate: number) => (rate * -Math.log(decayRate)) / decaySteps,
      floor: () => 0,
    })),
  fc
    .record({
      decaySteps: fc.option(duration, { nil: undefined }),
      finalFactor: fc.double({ min: 0, max: 0.99, noNaN: true }),
      per,
      warmup,
    })
    .map(({ decaySteps, finalFactor, ...rest }) => ({
      spec: { type: 'cosine', decaySteps, finalFactor, ...rest },
      // The cosine is steepest in its middle.
      steepest: (rate: number, time: number) =>
        (rate * (1 - finalFactor) * Math.PI) / (2 * (decaySteps ?? time)),
      floor: (rate: number) => rate * finalFactor,
    })),
);

/** How long a cosine without `decaySteps` takes: what the warm-up leaves of the stage. */
function timeLeft({ per, warmup }: Decay['spec'], { totalSteps, stepsPerEpoch }: ScheduleBase): number {
  const steps = warmup?.steps ?? 0;
  const left =
    per === 'epoch'
      ? Math.ceil(totalSteps / stepsPerEpoch) - Math.floor(steps / stepsPerEpoch)
      : totalSteps - steps;
  return Math.max(1, left);
}

describe('power, exponential and cosine', () => {
  test('never jump further than their steepest slope or the warm-up’s', () => {
    fc.assert(
      fc.property(decays, base, ({ spec, steepest }, given) => {
        const rise = spec.warmup ? given.learningRate / spec.warmup.steps : 0;
        const bound = Math.max(rise, steepest(given.learningRate, timeLeft(spec, given)));
        for (const jump of jumps(ratesOf(spec, given).rates))
          expect(jump).toBeLessThanOrEqual(bound * (1 + 1e-9) + ROUNDING);
      }),
    );
  });

  test('rise to the first rate, never fall before it and never rise after it', () => {
    fc.assert(
      fc.property(decays, base, ({ spec, floor }, given) => {
        const { rates } = ratesOf(spec, given);
        const top = spec.warmup ? spec.warmup.steps - 1 : 0;
        for (const [step, rate] of rates.entries()) {
          expect(rate).toBeGreaterThanOrEqual(step <= top ? 0 : floor(given.learningRate) - ROUNDING);
          expect(rate).toBeLessThanOrEqual(given.learningRate + ROUNDING);
          if (step > 0) {
            const difference = rate - rates[step - 1]!;
            if (step <= top) expect(difference).toBeGreaterThan(0);
            else expect(difference).toBeLessThanOrEqual(ROUNDING);
          }
        }
        if (top < rates.length) expect(rates[top]).toBeCloseTo(given.learningRate, 12);
        if (spec.warmup && top + 1 < rates.length) expect(rates[top + 1]).toBeCloseTo(given.learningRate, 12);
      }),
    );
  });

  test('stay above zero throughout the stage', () => {
    fc.assert(
      fc.property(decays, base, ({ spec }, given) => {
        // A cosine that is told to end within the stage ends at its final factor, which may be zero.
        fc.pre(spec.type !== 'cosine' || !('decaySteps' in spec) || spec.decaySteps === undefined);
        for (const rate of ratesOf(spec, given).rates) expect(rate).toBeGreaterThan(0);
      }),
    );
  });

  test('move at the starts of epochs alone where they go by the epoch, after any warm-up', () => {
    fc.assert(
      fc.property(decays, base, ({ spec }, given) => {
        const { rates } = ratesOf({ ...spec, per: 'epoch' }, given);
        for (const [step, rate] of rates.entries()) {
          if (step % given.stepsPerEpoch === 0 || step <= (spec.warmup?.steps ?? 0)) continue;
          expect(rate).toBe(rates[step - 1]);
        }
      }),
    );
  });
});

describe('1cycle', () => {
  const cycle = fc
    .record({
      maxLearningRate: fc.double({ min: 1e-3, max: 10, noNaN: true }),
      startFactor: fc.double({ min: 0.01, max: 1, noNaN: true }),
      finalFactor: fc.double({ min: 1e-4, max: 1, noNaN: true }),
      upFraction: fraction,
      share: fraction,
      minMomentum: fc.double({ min: 0, max: 0.9, noNaN: true }),
      maxMomentum: fc.double({ min: 0.9, max: 0.99, noNaN: true }),
    })
    .map(({ share, ...rest }) => ({
      type: 'oneCycle',
      ...rest,
      downFraction: Math.max(0.001, share * (1 - rest.upFraction)),
    }))
    .filter(({ upFraction, downFraction }) => upFraction + downFraction <= 1);

  test('never jumps further than its steepest line, and stays within its rates', () => {
    fc.assert(
      fc.property(cycle, base, (spec, given) => {
        const { rates, momenta } = ratesOf(spec, { ...given, momentum: 0.9 });
        const first = spec.maxLearningRate * spec.startFactor;
        const end = first * spec.finalFactor;
        const last = given.totalSteps - 1;
        // Its corners lie on whole steps; a line that is left no step takes one.
        const peak = Math.min(last, Math.round(spec.upFraction * given.totalSteps));
        const low = Math.min(last, Math.round((spec.upFraction + spec.downFraction) * given.totalSteps));
        const lengths = [peak, low - peak, last - low].map((length) => Math.max(1, length));
        const height = spec.maxLearningRate - first;
        const steepest = Math.max(height / lengths[0]!, height / lengths[1]!, (first - end) / lengths[2]!);
        const collapsed = low === last && last > 0 ? first - end + height / lengths[1]! : 0;
        for (const jump of jumps(rates))
          expect(jump).toBeLessThanOrEqual(Math.max(steepest, collapsed) * (1 + 1e-9) + ROUNDING);
        for (const rate of rates) {
          expect(rate).toBeGreaterThanOrEqual(end * (1 - 1e-9));
          expect(rate).toBeLessThanOrEqual(spec.maxLearningRate * (1 + 1e-9));
        }
        const swing = spec.maxMomentum - spec.minMomentum;
        const fastest = Math.max(swing / lengths[0]!, swing / lengths[1]!);
        for (const jump of jumps(momenta as number[]))
          expect(jump).toBeLessThanOrEqual(fastest * (1 + 1e-9) + ROUNDING);
        for (const momentum of momenta as number[]) {
          expect(momentum).toBeGreaterThanOrEqual(spec.minMomentum - ROUNDING);
          expect(momentum).toBeLessThanOrEqual(spec.maxMomentum + ROUNDING);
        }
      }),
    );
  });

  test('lowers the momentum where it raises the rate, and the other way', () => {
    fc.assert(
      fc.property(cycle, base, (spec, given) => {
        const { rates, momenta } = ratesOf(spec, { ...given, momentum: 0.9 });
        const low = Math.round((spec.upFraction + spec.downFraction) * given.totalSteps);
        for (let step = 1; step < Math.min(low, rates.length - 1); step++) {
          const [rise, fall] = [rates[step]! - rates[step - 1]!, momenta[step]! - momenta[step - 1]!];
          expect(rise * fall).toBeLessThanOrEqual(ROUNDING);
        }
      }),
    );
  });
});

describe('piecewise constant', () => {
  const pieces = fc
    .record({
      boundaries: fc.uniqueArray(fc.integer({ min: 1, max: 150 }), { minLength: 1, maxLength: 5 }),
      factor: fc.array(fc.double({ min: 1e-3, max: 2, noNaN: true }), { minLength: 6, maxLength: 6 }),
      per,
      warmup,
    })
    .map(({ boundaries, factor, ...rest }) => ({
      type: 'piecewiseConstant',
      boundaries: boundaries.sort((a, b) => a - b),
      factors: factor.slice(0, boundaries.length + 1),
      ...rest,
    }));

  test('jumps at its boundaries alone, and has one of its rates everywhere', () => {
    fc.assert(
      fc.property(pieces, base, (spec, given) => {
        const { rates } = ratesOf(spec, given);
        const start = spec.warmup?.steps ?? 0;
        const steps = spec.boundaries.map((boundary) =>
          spec.per === 'step'
            ? start + boundary
            : (Math.floor(start / given.stepsPerEpoch) + boundary) * given.stepsPerEpoch,
        );
        for (const [step, rate] of rates.entries()) {
          if (step < start) continue;
          const piece = steps.filter((at) => step >= at).length;
          expect(rate).toBe(given.learningRate * spec.factors[piece]!);
        }
      }),
    );
  });
});

test('the constant rate is what it is, after any warm-up', () => {
  fc.assert(
    fc.property(base, warmup, (given, rising) => {
      const { rates } = ratesOf({ type: 'constant', warmup: rising }, given);
      for (const [step, rate] of rates.entries()) {
        const share = Math.min(1, (step + 1) / (rising?.steps ?? 1));
        expect(rate).toBeCloseTo(given.learningRate * share, 12);
      }
    }),
  );
});

test('performance takes only steps down, by its factor, at the ends of epochs', () => {
  const losses = fc.array(fc.oneof(fc.double({ min: 0, max: 2, noNaN: true }), fc.constant(Number.NaN)), {
    maxLength: 40,
  });
  const settings = fc.record({
    factor: fraction,
    patience: fc.integer({ min: 1, max: 4 }),
    minLearningRate: fc.double({ min: 0, max: 0.1, noNaN: true }),
  });
  fc.assert(
    fc.property(settings, base, losses, (spec, given, values) => {
      const schedule = createSchedule(ScheduleSpec.parse({ type: 'performance', ...spec }), given);
      let before = schedule.at(0, 0).learningRate;
      expect(before).toBe(given.learningRate);
      for (const value of values) {
        schedule.onEpochEnd!({ val_loss: value });
        const now = schedule.at(0, 0).learningRate;
        const floor = Math.min(given.learningRate, spec.minLearningRate);
        expect([before, Math.max(before * spec.factor, floor)]).toContain(now);
        expect(now).toBeGreaterThanOrEqual(floor);
        before = now;
      }
    }),
  );
});
