import { dispose } from '@tensorflow/tfjs-core';
import { initialWeights } from '../model/network.ts';
import type { NamedArrays } from '../safetensors.ts';
import { fromArrays, tidied, toArrays } from '../tensors.ts';
import { findLearningRate } from './find-learning-rate.ts';
import { cachedLayers, onFeatures } from './frozen-features.ts';
import { trackProgress } from './progress.ts';
import { rangeTestSteps } from './schedules.ts';
import { compileStage } from './stage-program.ts';
import type { TrainEvents } from './train-events.ts';
import type { TrainJob } from './train-job.ts';
import { trainStage } from './train-stage.ts';
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
  const stepsPerEpoch = job.stages.map(({ batchSize }) => Math.ceil(job.data.train.count / batchSize));
  const stageSteps = job.stages.map(({ epochs, schedule }, i) => {
    const steps = epochs * stepsPerEpoch[i]!;
    return schedule.type === 'lrFinder' ? rangeTestSteps(schedule, steps) : steps;
  });
  const totalSteps = sum(stageSteps);
  const stepsBefore = (stage: number) => sum(stageSteps.slice(0, stage - 1));
  const first = resume?.position ?? { stage: 1, step: 0 };
  const progress = trackProgress(totalSteps, stepsBefore(first.stage) + first.step);

  let weights = resume?.weights ?? initialWeights(job.network, job.seed, job.reused);
  for (let stage = first.stage; stage <= job.stages.length; stage++) {
    const spec = job.stages[stage - 1]!;
    const start = resume?.position.stage === stage ? resume : await stageStart(job, stage, weights);
    const cached = cachedLayers(job, spec);
    await events.onStage({
      stage,
      name: spec.name ?? `stage-${stage}`,
      stages: job.stages.length,
      epochs: spec.epochs,
      stepsPerEpoch: stepsPerEpoch[stage - 1]!,
      cachedLayers: cached,
    });
    if (stage > first.stage) await events.onCheckpoint(start.position, encodeCheckpoint(start));
    const far = progress.at(stepsBefore(stage) + start.position.step);
    const tellFeatures = seldom(async (done: number, all: number) => {
      const detail = `stage ${stage}/${job.stages.length} computes features ${done}/${all}`;
      await events.onProgress({ position: start.position, detail, ...far });
    });
    const stageJob = cached > 0 ? await onFeatures(job, cached, start.weights, signal, tellFeatures) : job;
    if (stageJob === null) {
      await events.onCheckpoint(start.position, encodeCheckpoint(start));
      return { outcome: 'stopped' };
    }
    const run = spec.schedule.type === 'lrFinder' ? findLearningRate : trainStage;
    const end = await run(
      {
        job: stageJob,
        spec,
        stage,
        stepsPerEpoch: stepsPerEpoch[stage - 1]!,
        stepsBefore: stepsBefore(stage),
        metricsEvery: Math.ceil(stageSteps[stage - 1]! / POINTS_PER_CURVE),
        progress,
        events,
        signal,
      },
      start,
    );
    if (end.outcome === 'stopped') return end;
    weights = end.weights;
  }
  return { outcome: 'finished', weights };
}

const SELDOM_MS = 250;

/** Tells now and then only: the other times nothing is done. */
function seldom<Args extends unknown[]>(
  tell: (...args: Args) => Promise<void>,
): (...args: Args) => Promise<void> {
  let toldAt = Number.NEGATIVE_INFINITY;
  return async (...args) => {
    if (performance.now() - toldAt < SELDOM_MS) return;
    toldAt = performance.now();
    await tell(...args);
  };
}

/** The state before a stage's first step: fresh optimizer slots for the weights that it moves. */
async function stageStart(job: TrainJob, stage: number, weights: NamedArrays): Promise<TrainState> {
  const spec = job.stages[stage - 1]!;
  const { program } = compileStage(job, spec, stage);
  const moving = fromArrays(Object.fromEntries(program.trainable.map((name) => [name, weights[name]!])));
  const slots = tidied(() => program.optimizer.init(moving));
  const start: TrainState = {
    position: { stage, epoch: 1, step: 0 },
    weights,
    slots: await toArrays(slots),
    best: {},
    epochSums: NO_SUMS,
    schedule: null,
    earlyStopping: null,
  };
  dispose([...Object.values(moving), ...Object.values(slots)]);
  return start;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
