import type { Position } from '../../spec/trainer.ts';
import { createBreather } from '../breathe.ts';
import { momentumOf } from '../optimize/optimizers.ts';
import type { Batch } from './batch.ts';
import { trainingBatch } from './batches.ts';
import { createEagerExecutor } from './eager-executor.ts';
import type { Executor, StepReport } from './executor.ts';
import type { Objective } from './objectives/objective.ts';
import type { Standing } from './reporter.ts';
import { createSchedule, rangeTestSteps, type Schedule } from './schedules.ts';
import { compileStage } from './stage-program.ts';
import type { LearningRateFinding, LearningRatePoint } from './train-events.ts';
import type { StageContext, StageEnd } from './train-stage.ts';
import { encodeCheckpoint, type TrainState } from './train-state.ts';

type Sweep = Pick<LearningRatePoint, 'learningRate' | 'loss'>[];

/**
 * A stage that tries rates instead of training: the rate rises from step to step until the loss does, then one is
 * proposed, and the weights are those from before the stage. Smith, arXiv:1506.01186; where to stop and what to
 * propose are Géron's, “Hands-On Machine Learning”, chapter 11. A sweep is short, so it isn't resumed in the
 * middle: what goes on from its checkpoint begins it anew.
 */
export async function findLearningRate(context: StageContext, start: TrainState): Promise<StageEnd> {
  const { program, keysAt } = compileStage(context.job, context.spec, context.stage);
  const executor = (context.job.createExecutor ?? createEagerExecutor)(program, keysAt);
  executor.load(start);
  try {
    const sweep = await testRates(context, executor, program.objective);
    if (sweep === null) {
      await context.events.onCheckpoint(start.position, encodeCheckpoint(start));
      return { outcome: 'stopped' };
    }
    const finding = readRangeTest(sweep);
    noteSuggestion(context, finding);
    await context.reporter.tellRest(() => standing(context, finding.steps));
    await context.events.onLearningRate({ stage: context.stage, ...finding });
    return { outcome: 'finished', weights: start.weights };
  } finally {
    executor.dispose();
  }
}

/** The loss at each rate, up to the one that makes it blow up; null when it was stopped in the middle. */
async function testRates(
  context: StageContext,
  executor: Executor,
  objective: Objective,
): Promise<Sweep | null> {
  const { spec, signal } = context;
  if (spec.schedule.type !== 'lrFinder') throw new Error('the stage searches for no learning rate');
  const totalSteps = spec.epochs * context.stepsPerEpoch;
  const schedule = scheduleOf(context, totalSteps);
  const isBlownUp = watchLoss(spec.schedule.stopFactor);
  const breathe = createBreather();
  const sweep: Sweep = [];
  for (let step = 0; step < rangeTestSteps(spec.schedule, totalSteps); step++) {
    if (signal.aborted) {
      await context.reporter.tellRest(() => standing(context, step));
      return null;
    }
    const rates = schedule.at(step, Math.floor(step / context.stepsPerEpoch));
    const report = await executor.step(batchAt(context, objective, step), { step: step + 1, ...rates });
    if ('nonFinite' in report) break;
    sweep.push({ learningRate: rates.learningRate, loss: report.loss });
    await tell(context, step + 1, report, rates.learningRate);
    if (isBlownUp(report.loss)) break;
    await breathe();
  }
  return sweep;
}

function scheduleOf({ spec, stepsPerEpoch }: StageContext, totalSteps: number): Schedule {
  const { learningRate } = spec.optimizer;
  const momentum = momentumOf(spec.optimizer);
  return createSchedule(spec.schedule, { learningRate, momentum, totalSteps, stepsPerEpoch });
}

function batchAt(
  { job, spec, stage, stepsPerEpoch }: StageContext,
  objective: Objective,
  step: number,
): Batch {
  const epoch = Math.floor(step / stepsPerEpoch) + 1;
  return trainingBatch(job, objective, job.data.order(stage, epoch), {
    start: (step % stepsPerEpoch) * spec.batchSize,
    size: spec.batchSize,
    at: { stage, epoch, step },
  });
}

async function tell(
  context: StageContext,
  step: number,
  { loss, gradientNorm }: StepReport,
  learningRate: number,
): Promise<void> {
  if (step % context.metricsEvery !== 0) return;
  const metrics = { step_loss: loss, gradient_norm: gradientNorm, learning_rate: learningRate };
  const position = positionOf(context, step);
  for (const [name, value] of Object.entries(metrics))
    context.reporter.notePoints({ ...position, name, value });
  await context.reporter.tellNowAndThen(() => standing(context, step));
}

function positionOf({ stage, stepsPerEpoch }: StageContext, step: number): Position {
  return { stage, epoch: Math.ceil(step / stepsPerEpoch), step };
}

function standing(context: StageContext, step: number): Standing {
  const { job, stage, stepsBefore, progress } = context;
  const detail = `stage ${stage}/${job.stages.length} tries learning rates`;
  return { position: positionOf(context, step), detail, ...progress.at(stepsBefore + step) };
}

/** The suggestion as a metric, at the sweep's last step. */
function noteSuggestion(context: StageContext, { steps, suggested }: ReturnType<typeof readRangeTest>): void {
  if (suggested === null) return;
  const point = { ...positionOf(context, steps), name: 'suggested_learning_rate', value: suggested };
  context.reporter.notePoints(point);
}

const MEMORY = 0.9;

/**
 * Whether a moving average of the losses, corrected for its start at zero, has climbed: by `factor − 1` times its
 * least, or times its fall so far where that is more, as it is for a loss that may be negative.
 */
function watchLoss(factor: number): (loss: number) => boolean {
  let [average, steps, first, least] = [0, 0, 0, Number.POSITIVE_INFINITY];
  return (loss) => {
    average = MEMORY * average + (1 - MEMORY) * loss;
    const smoothed = average / (1 - MEMORY ** ++steps);
    if (steps === 1) first = smoothed;
    least = Math.min(least, smoothed);
    return smoothed - least > (factor - 1) * Math.max(Math.abs(least), first - least);
  };
}

/** Of the sweep's length, what is averaged to either side. */
const SMOOTHED_SHARE = 1 / 40;
/** The loss is least where it is about to climb: a good rate is well below. */
const BELOW_LEAST = 10;
/** A fall or a climb counts from so many standard errors of a smoothed loss on. */
const STANDARD_ERRORS = 6;

/** What a sweep says. The mean to both sides smooths without moving a turn to a later rate. */
export function readRangeTest(sweep: Sweep): Omit<LearningRateFinding, 'stage'> {
  const reach = Math.max(2, Math.round(sweep.length * SMOOTHED_SHARE));
  const smoothed = sweep.map((_, i) => meanOf(lossesAround(sweep, i, reach)));
  const least = smoothed.indexOf(Math.min(...smoothed));
  const noise = STANDARD_ERRORS * standardError(sweep.slice(0, least + 1), smoothed, reach);
  const fell = smoothed[0]! - smoothed[least]! > noise;
  return {
    steps: sweep.length,
    suggested: fell ? sweep[least]!.learningRate / BELOW_LEAST : null,
    climbed: smoothed.at(-1)! - smoothed[least]! > noise,
    curve: sweep.map((point, i) => ({ ...point, smoothedLoss: smoothed[i]! })),
  };
}

function lossesAround(sweep: Sweep, i: number, reach: number): number[] {
  return sweep.slice(Math.max(0, i - reach), i + reach + 1).map(({ loss }) => loss);
}

/** That of a smoothed loss, by how far single losses lie from it before they blow up. */
function standardError(sweep: Sweep, smoothed: readonly number[], reach: number): number {
  const squares = sweep.map(({ loss }, i) => (loss - smoothed[i]!) ** 2);
  return Math.sqrt(meanOf(squares) / (2 * reach + 1));
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
