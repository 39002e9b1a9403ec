import type { ScheduleSpec } from '../../spec/schedule.ts';
import { followPerformance, type PerformanceState } from './performance-schedule.ts';

/** What a schedule knows of its stage. */
export interface ScheduleBase {
  /** The optimizer's own rate, which the schedule starts from. */
  readonly learningRate: number;
  /** The optimizer's momentum; left out where it has none, and then no momentum is cycled. */
  readonly momentum?: number | undefined;
  readonly totalSteps: number;
  readonly stepsPerEpoch: number;
  /** Every rate is multiplied by it; 1 when left out. */
  readonly scale?: number | undefined;
}

/** The rates of a stage's steps. All but `performance` are functions of the step alone. */
export interface Schedule {
  /** The rates of one update; `step` and `epoch` count from 0 within the stage. */
  at(step: number, epoch: number): { learningRate: number; momentum: number | undefined };
  /** @throws Error where the metric to watch is missing */
  onEpochEnd?(metrics: Readonly<Record<string, number>>): void;
  /** What a checkpoint keeps, as plain JSON. */
  state(): ScheduleState;
  restore(state: ScheduleState): void;
}
export type ScheduleState = PerformanceState | null;

export function createSchedule(spec: ScheduleSpec, base: ScheduleBase): Schedule {
  const schedule = unscaled(spec, base);
  const { scale = 1 } = base;
  const at: Schedule['at'] = (step, epoch) => {
    const rates = schedule.at(step, epoch);
    return { ...rates, learningRate: rates.learningRate * scale };
  };
  return scale === 1 ? schedule : { ...schedule, at };
}

function unscaled(spec: ScheduleSpec, base: ScheduleBase): Schedule {
  switch (spec.type) {
    case 'oneCycle':
      return oneCycle(spec, base);
    case 'performance': {
      const performance = followPerformance(spec, base.learningRate);
      return { ...performance, at: warmedUp(spec.warmup?.steps ?? 0, () => performance.learningRate()) };
    }
    case 'lrFinder':
      return closedForm(rangeTest(spec, base));
    case 'constant':
      return closedForm(warmedUp(spec.warmup?.steps ?? 0, () => base.learningRate));
    default:
      return closedForm(decay(spec, base));
  }
}

type At = Schedule['at'];
type SpecOf<Type extends ScheduleSpec['type']> = Extract<ScheduleSpec, { type: Type }>;
type DecaySpec = SpecOf<'power' | 'exponential' | 'piecewiseConstant' | 'cosine'>;

function closedForm(at: At): Schedule {
  return { at, state: () => null, restore: () => {} };
}

/**
 * Rises linearly over the first `steps` steps, the last of which has the schedule's first rate; only then does
 * the schedule begin.
 * @param rate of the steps since the warm-up
 */
function warmedUp(steps: number, rate: (step: number, epoch: number) => number): At {
  return (step, epoch) => ({
    learningRate: step < steps ? (rate(0, 0) * (step + 1)) / steps : rate(step - steps, epoch),
    momentum: undefined,
  });
}

/** The schedules that multiply the optimizer's rate by a function of time, counted in steps or in epochs. */
function decay(spec: DecaySpec, { learningRate, totalSteps, stepsPerEpoch }: ScheduleBase): At {
  const warmupSteps = spec.warmup?.steps ?? 0;
  const warmupEpochs = Math.floor(warmupSteps / stepsPerEpoch);
  const perEpoch = spec.per === 'epoch';
  const duration = perEpoch ? Math.ceil(totalSteps / stepsPerEpoch) - warmupEpochs : totalSteps - warmupSteps;
  const factor = decayFactor(spec, Math.max(1, duration));
  return warmedUp(warmupSteps, (step, epoch) => {
    const time = perEpoch ? Math.max(0, epoch - warmupEpochs) : step;
    return learningRate * factor(time);
  });
}

/** Géron, “Hands-On Machine Learning”, chapter 11; the cosine is Keras's `CosineDecay`. */
function decayFactor(spec: DecaySpec, duration: number): (time: number) => number {
  switch (spec.type) {
    case 'power':
      return (time) => (1 + time / spec.decaySteps) ** -spec.power;
    case 'exponential':
      return (time) => spec.decayRate ** (time / spec.decaySteps);
    case 'piecewiseConstant':
      return (time) => spec.factors[spec.boundaries.filter((boundary) => time >= boundary).length]!;
    case 'cosine': {
      const end = spec.decaySteps ?? duration;
      const cosine = (time: number) => (1 + Math.cos((Math.PI * Math.min(time, end)) / end)) / 2;
      return (time) => spec.finalFactor + (1 - spec.finalFactor) * cosine(time);
    }
  }
}

/** How many steps a range test has. */
export function rangeTestSteps(
  { steps = Number.POSITIVE_INFINITY }: SpecOf<'lrFinder'>,
  stageSteps: number,
): number {
  return Math.min(steps, stageSteps);
}

/** From the least rate to the greatest by the same factor at every step. Smith, arXiv:1506.01186. */
function rangeTest(spec: SpecOf<'lrFinder'>, { totalSteps }: ScheduleBase): At {
  const { minLearningRate, maxLearningRate } = spec;
  const last = Math.max(1, rangeTestSteps(spec, totalSteps) - 1);
  return (step) => ({
    learningRate: minLearningRate * (maxLearningRate / minLearningRate) ** (step / last),
    momentum: undefined,
  });
}

/**
 * 1cycle as Géron's `OneCycleScheduler`: linearly up from the first rate to the maximum, linearly down again,
 * and in what is left linearly on to the last rate, which the stage's last step has. The momentum goes the
 * other way, from its maximum to its minimum and back, and stays there. Smith, arXiv:1803.09820. After a warm-up
 * the cycle has the steps that are left.
 */
function oneCycle(spec: SpecOf<'oneCycle'>, { momentum, totalSteps }: ScheduleBase): Schedule {
  const warmupSteps = spec.warmup?.steps ?? 0;
  const cycleSteps = Math.max(1, totalSteps - warmupSteps);
  const last = cycleSteps - 1;
  const peak = Math.min(last, Math.round(spec.upFraction * cycleSteps));
  const down = Math.min(last, Math.round((spec.upFraction + spec.downFraction) * cycleSteps));
  const first = spec.maxLearningRate * spec.startFactor;
  const rates: Knot[] = [
    [0, first],
    [peak, spec.maxLearningRate],
    [down, first],
    [last, first * spec.finalFactor],
  ];
  const momenta: Knot[] = [
    [0, spec.maxMomentum],
    [peak, spec.minMomentum],
    [down, spec.maxMomentum],
  ];
  const warmed = warmedUp(warmupSteps, (step) => interpolate(rates, step));
  const cycled = (step: number) => interpolate(momenta, Math.max(0, step - warmupSteps));
  return closedForm((step, epoch) => ({
    ...warmed(step, epoch),
    momentum: momentum === undefined ? undefined : cycled(step),
  }));
}

type Knot = readonly [position: number, value: number];

/** The value at `position` on the straight lines through the knots, and the last knot's beyond it. */
function interpolate(knots: readonly Knot[], position: number): number {
  const next = knots.findIndex(([end]) => position < end);
  if (next === -1) return knots.at(-1)![1];
  const [[start, from], [end, to]] = [knots[next - 1]!, knots[next]!];
  return from + ((to - from) * (position - start)) / (end - start);
}
