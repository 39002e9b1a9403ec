import type { NamedArrays } from '../../safetensors.ts';
import { initialWeights } from '../model/network.ts';
import { findLearningRate } from './find-learning-rate.ts';
import { firstSlots } from './first-slots.ts';
import { cachedLayers, onFeatures } from './frozen-features.ts';
import { trackProgress } from './progress.ts';
import { Reporter } from './reporter.ts';
import { rangeTestSteps } from './schedules.ts';
import { compileStage } from './stage-program.ts';
import type { TrainEvents } from './train-events.ts';
import type { TrainJob } from './train-job.ts';
import { type StageContext, type StageEnd, trainStage } from './train-stage.ts';
import { encodeCheckpoint, NO_SUMS, type TrainState } from './train-state.ts';

/** About how many points a curve of step metrics has at most. */
const POINTS_PER_CURVE = 5_000;

export type TrainEnd = { outcome: 'finished'; weights: NamedArrays } | { outcome: 'stopped' };

/**
 * Trains a job: a fold over its stages, each of which starts with the weights that the one before it left.
 * @param resume the state to go on from; the initial weights when left out
 */
export async function runStages(
  job: TrainJob,
  events: TrainEvents,
  signal: AbortSignal,
  resume?: TrainState,
): Promise<TrainEnd> {
  const steps = countSteps(job);
  const first = resume?.position ?? { stage: 1, step: 0 };
  const progress = trackProgress(steps.before(job.stages.length + 1), steps.before(first.stage) + first.step);

  let weights = resume?.weights ?? firstWeights(job);
  for (let stage = first.stage; stage <= job.stages.length; stage++) {
    const start = resume?.position.stage === stage ? resume : await stageStart(job, stage, weights);
    const context = {
      ...{ job, ...steps.of(stage), progress, events, signal },
      reporter: new Reporter(events),
    };
    const end = await runStage(context, start, stage === first.stage);
    if (end.outcome === 'stopped') return end;
    weights = end.weights;
    await events.onStageEnd(stage, weights);
  }
  return { outcome: 'finished', weights };
}

function firstWeights({ network, generator, seed, reused }: TrainJob): NamedArrays {
  return { ...initialWeights(network, seed, reused), ...(generator && initialWeights(generator, seed)) };
}

/** What a stage's context says of its place among the others. */
type StagePlace = Pick<StageContext, 'spec' | 'stage' | 'stepsPerEpoch' | 'stepsBefore' | 'metricsEvery'>;

/** How many steps a job's stages take at most. */
function countSteps(job: TrainJob): {
  of(stage: number): StagePlace;
  /** Of all stages before this one. */
  before(stage: number): number;
} {
  const perEpoch = job.stages.map(({ batchSize }) => Math.ceil(job.data.train.count / batchSize));
  const steps = job.stages.map(({ epochs, schedule }, i) => {
    const all = epochs * perEpoch[i]!;
    return schedule.type === 'lrFinder' ? rangeTestSteps(schedule, all) : all;
  });
  const before = (stage: number) => sum(steps.slice(0, stage - 1));
  return {
    of: (stage) => ({
      spec: job.stages[stage - 1]!,
      stage,
      stepsPerEpoch: perEpoch[stage - 1]!,
      stepsBefore: before(stage),
      metricsEvery: Math.ceil(steps[stage - 1]! / POINTS_PER_CURVE),
    }),
    before,
  };
}

/** @param isFirst of this run: where it began there is a checkpoint already, or nothing worth one */
async function runStage(context: StageContext, start: TrainState, isFirst: boolean): Promise<StageEnd> {
  const { job, spec, stage, stepsPerEpoch, events } = context;
  const cached = cachedLayers(job, spec);
  await events.onStage({
    stage,
    name: spec.name ?? `stage-${stage}`,
    stages: job.stages.length,
    epochs: spec.epochs,
    stepsPerEpoch,
    cachedLayers: cached,
  });
  if (!isFirst) await events.onCheckpoint(start.position, encodeCheckpoint(start));
  const stageJob = cached > 0 ? await computeFeatures(context, start, cached) : job;
  if (stageJob === null) {
    await events.onCheckpoint(start.position, encodeCheckpoint(start));
    return { outcome: 'stopped' };
  }
  const run = spec.schedule.type === 'lrFinder' ? findLearningRate : trainStage;
  return run({ ...context, job: stageJob }, start);
}

async function computeFeatures(
  { job, stage, stepsBefore, progress, events, signal }: StageContext,
  { position, weights }: TrainState,
  layers: number,
): Promise<TrainJob | null> {
  const far = progress.at(stepsBefore + position.step);
  // One of its own: the first step is told at once.
  const reporter = new Reporter(events);
  const detail = (done: number, all: number) =>
    `stage ${stage}/${job.stages.length} computes features ${done}/${all}`;
  const tell = (done: number, all: number) =>
    reporter.tellNowAndThen(() => ({ position, detail: detail(done, all), ...far }));
  return progress.aside(() => onFeatures(job, layers, weights, signal, tell));
}

/** The state before a stage's first step: fresh optimizer slots for the weights that it moves. */
async function stageStart(job: TrainJob, stage: number, weights: NamedArrays): Promise<TrainState> {
  const spec = job.stages[stage - 1]!;
  const { program } = compileStage(job, spec, stage);
  return {
    position: { stage, epoch: 1, step: 0 },
    weights,
    slots: await firstSlots(program, weights),
    best: {},
    epochSums: NO_SUMS,
    schedule: null,
    earlyStopping: null,
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
