import { createHash } from 'node:crypto';
import { buildNetwork } from '../../../src/engine/model/network.ts';
import type { Examples } from '../../../src/engine/train/batch.ts';
import { createMetrics } from '../../../src/engine/train/metrics.ts';
import { runStages } from '../../../src/engine/train/run-stages.ts';
import type {
  EarlyStoppingReport,
  LearningRateFinding,
  TrainEvents,
} from '../../../src/engine/train/train-events.ts';
import type { TrainJob } from '../../../src/engine/train/train-job.ts';
import { decodeCheckpoint, type TrainState } from '../../../src/engine/train/train-state.ts';
import { key, normal, permutation } from '../../../src/random.ts';
import type { NamedArrays } from '../../../src/safetensors.ts';
import type { Task } from '../../../src/spec/data.ts';
import type { Distribution } from '../../../src/spec/distribution.ts';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import type { InputEncoding } from '../../../src/spec/preprocess.ts';
import { StageSpec } from '../../../src/spec/stage.ts';
import { settleStages } from '../../../src/spec/trainable.ts';
import type { EpochReport, MetricPoint } from '../../../src/spec/trainer.ts';

/** y = a fixed nonlinear function of x, with a little noise. */
export function examples(count: number, width: number, seed: number): Examples {
  const stream = key(seed, 'examples');
  const x = Float32Array.from({ length: count * width }, (_, i) => normal(stream, i));
  const y = Float32Array.from({ length: count }, (_, row) => {
    const sum = x
      .subarray(row * width, (row + 1) * width)
      .reduce((total, v, i) => total + v * Math.cos(i), 0);
    return Math.sin(sum) + 0.05 * normal(stream, count * width + row);
  });
  return { count, width, units: 1, x, y };
}

export function gather(split: Examples, order: Uint32Array, start: number, size: number): Examples {
  const chosen = [...order.subarray(start, start + size)];
  const take = (values: Float32Array, n: number) =>
    Float32Array.from(chosen.flatMap((row) => [...values.subarray(row * n, (row + 1) * n)]));
  const weights = split.weights && { weights: take(split.weights, 1) };
  return {
    ...split,
    count: chosen.length,
    x: take(split.x, split.width),
    y: take(split.y, split.units),
    ...weights,
  };
}

export interface SmallJob {
  layers: unknown[];
  stages: unknown[];
  seed?: number;
  train?: Examples;
  validation?: Examples;
  inputShape?: number[];
  checkpointEvery?: number;
  /** By the number of units when left out. */
  task?: Task;
  /** As many numbers as an example has when left out. */
  inputs?: InputEncoding[];
  /** As many as the examples have targets when left out. */
  outputUnits?: number;
  distribution?: Distribution;
}

function columnsOf(width: number): InputEncoding[] {
  return Array.from({ length: width }, (_, i) => ({ type: 'number', name: `x${i}`, mean: 0, std: 1 }));
}

/** A job on made-up data, its layers and stages as a user would write them. */
export function smallJob({
  layers,
  stages,
  seed = 1,
  train,
  validation,
  inputShape,
  checkpointEvery = 1_000,
  task: givenTask,
  inputs,
  outputUnits,
  distribution = 'point',
}: SmallJob): TrainJob {
  const split = train ?? examples(50, 3, 7);
  const task = givenTask ?? (split.units > 1 ? 'classification' : 'regression');
  const units = outputUnits ?? split.units;
  const output = {
    type: 'dense',
    name: 'output',
    units: distribution === 'gaussian' ? 2 * units : units,
    activation: split.units > 1 ? 'softmax' : 'linear',
  };
  const model = ModelSpec.parse({ layers: [...layers, output] });
  return {
    network: buildNetwork({
      inputShape: inputShape ?? [split.width],
      layers: hiddenLayers(model),
      distribution,
    }),
    task,
    inputs: inputs ?? columnsOf(split.width),
    stages: settleStages(
      stages.map((stage) => StageSpec.parse(stage)),
      [],
      [],
    ),
    seed,
    checkpointsEvery: { seconds: Number.POSITIVE_INFINITY, steps: checkpointEvery },
    data: {
      train: split,
      validation: validation ?? examples(20, split.width, 8),
      test: examples(20, split.width, 9),
      order: (stage, epoch) => permutation(key(seed, 'shuffle', stage, epoch), split.count),
      gather,
      augmented: false,
    },
    createMetrics: () => createMetrics(task, { distribution }),
  };
}

export interface Trained {
  weights: NamedArrays | null;
  epochs: EpochReport[];
  points: MetricPoint[];
  checkpoints: TrainState[];
  findings: LearningRateFinding[];
  stoppings: EarlyStoppingReport[];
}

export function nothingTold(): Trained {
  return { weights: null, epochs: [], points: [], checkpoints: [], findings: [], stoppings: [] };
}

/**
 * Trains to the end, or until a checkpoint at `stopAfterStep`.
 * @param options.told takes what is told even when training throws
 * @param options.onProgress is waited for, as the relay is
 */
export async function train(
  job: TrainJob,
  options: {
    resume?: TrainState;
    stopAfterStep?: number;
    told?: Trained;
    onProgress?: TrainEvents['onProgress'];
  } = {},
): Promise<Trained> {
  const stop = new AbortController();
  const result = options.told ?? nothingTold();
  const events: TrainEvents = {
    onStage: async () => {},
    onProgress: async (report) => {
      result.points.push(...report.points);
      result.epochs.push(...report.epochs);
      await options.onProgress?.(report);
    },
    onStageEnd: async () => {},
    onEarlyStopping: async (stopping) => {
      result.stoppings.push(stopping);
    },
    onLearningRate: async (finding) => {
      result.findings.push(finding);
    },
    onCheckpoint: async (position, file) => {
      result.checkpoints.push(decodeCheckpoint(file));
      if (position.step >= (options.stopAfterStep ?? Infinity)) stop.abort();
    },
  };
  const end = await runStages(job, events, stop.signal, options.resume);
  if (end.outcome === 'finished') result.weights = end.weights;
  return result;
}

export function hash(weights: NamedArrays): string {
  const sum = createHash('sha256');
  for (const name of Object.keys(weights).sort()) sum.update(name).update(weights[name]!.data);
  return sum.digest('hex');
}
