import { z } from 'zod';
import { Compilation } from './compilation.ts';
import { DatasetFormat, DatasetSchema } from './dataset.ts';
import { Failure } from './failure.ts';
import { JobSpec } from './job.ts';
import type { ModelStructure } from './model-structure.ts';

/**
 * What a worker and its trainer child say to each other over Node's IPC with `advanced` serialization,
 * so that NaN and the infinities arrive as they are. Files are passed by path: the trainer writes them
 * into its work folder, the worker takes them away.
 */

export const StoredCheckpoint = z.strictObject({
  id: z.string(),
  stage: z.int(),
  step: z.int(),
  /** Null where its file is gone. */
  path: z.string().nullable(),
  /** Of the whole file, in hex. */
  sha256: z.string(),
});
export type StoredCheckpoint = z.infer<typeof StoredCheckpoint>;

/** What a process computes with. */
const computing = {
  backend: z.string(),
  /** Left out, steps are computed op by op. */
  compilation: Compilation.optional(),
};
/** Has a trainer get ready, before there is a run for it. */
export const PrepareTraining = z.strictObject({
  type: z.literal('prepare'),
  /** Where it may leave files for as long as it is at it. */
  workDirectory: z.string(),
  ...computing,
});
export type PrepareTraining = z.infer<typeof PrepareTraining>;

export const StartTraining = z.strictObject({
  type: z.literal('start'),
  jobId: z.string(),
  runId: z.string(),
  spec: JobSpec,
  dataset: z.strictObject({ path: z.string(), format: DatasetFormat, schema: DatasetSchema }),
  /** The file of the model that the job builds on. */
  parentPath: z.string().optional(),
  /** The checkpoints to go on from: the first of them that can be read. */
  checkpoints: z.array(StoredCheckpoint),
  workDirectory: z.string(),
  ...computing,
});
export type StartTraining = z.infer<typeof StartTraining>;

/** Worker → trainer. `stop` asks for a checkpoint and an end; the answer is `stopped`. */
export const TrainerCommand = z.discriminatedUnion('type', [
  PrepareTraining,
  StartTraining,
  z.strictObject({ type: z.literal('stop') }),
]);
export type TrainerCommand = z.infer<typeof TrainerCommand>;

/** Where in a job something happened. Stages and epochs count from 1; `step` counts the stage's optimizer updates. */
export const Position = z.strictObject({ stage: z.int(), epoch: z.int(), step: z.int() });
export type Position = z.infer<typeof Position>;

export const MetricPoint = Position.extend({
  name: z.string(),
  value: z
    .number()
    .or(z.nan())
    .or(z.literal([Infinity, -Infinity])),
});
export type MetricPoint = z.infer<typeof MetricPoint>;

/** What an epoch came to. */
export const EpochReport = z.object({
  position: Position,
  epochs: z.int(),
  metrics: z.custom<Record<string, number>>(),
  progress: z.number(),
  etaSeconds: z.number().nullable(),
  seconds: z.number(),
});
export type EpochReport = z.infer<typeof EpochReport>;

/** Where training stands, and what has come since it last told. */
export const ProgressReport = z.object({
  position: Position,
  detail: z.string(),
  progress: z.number().min(0).max(1),
  etaSeconds: z.number().nullable(),
  points: z.array(z.custom<MetricPoint>()),
  epochs: z.array(EpochReport),
});
export type ProgressReport = z.infer<typeof ProgressReport>;

/** A model that was trained: the path of its file, and what it says. */
export const MadeModel = z.object({ modelPath: z.string(), structure: z.custom<ModelStructure>() });
export type MadeModel = z.infer<typeof MadeModel>;

/** Trainer → worker, in the order things happened. */
export const TrainerMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('started'), device: z.string(), resumedFrom: Position.optional() }),
  z.object({
    type: z.literal('stage'),
    stage: z.int(),
    name: z.string(),
    stages: z.int(),
    epochs: z.int(),
    stepsPerEpoch: z.int(),
    cachedLayers: z.int(),
  }),
  ProgressReport.extend({ type: z.literal('progress') }),
  /** What a learning-rate range test proposes; null where the loss never fell. */
  z.object({
    type: z.literal('learningRate'),
    stage: z.int(),
    steps: z.int(),
    suggested: z.number().nullable(),
    climbed: z.boolean(),
  }),
  /** A stage ended before its last epoch, or with an earlier one's weights. */
  z.object({
    type: z.literal('earlyStopping'),
    stage: z.int(),
    epoch: z.int(),
    bestEpoch: z.int(),
    monitor: z.string(),
    best: z.number().nullable(),
    restored: z.boolean(),
  }),
  z.object({ type: z.literal('checkpoint'), position: Position, path: z.string() }),
  z.object({ type: z.literal('warning'), code: z.string(), message: z.string() }),
  z.object({ type: z.literal('artifact'), name: z.string(), path: z.string(), mediaType: z.string() }),
  /** The last word of a trainer is one of these. */
  MadeModel.extend({
    type: z.literal('succeeded'),
    /** Of a GAN: the model that makes examples up. */
    generator: MadeModel.optional(),
    evaluation: z.custom<Record<string, number>>(),
  }),
  /** Every stage only searched for a learning rate: there is no model. */
  z.object({ type: z.literal('searched') }),
  z.object({ type: z.literal('stopped') }),
  z.object({ type: z.literal('failed'), failure: Failure }),
]);
export type TrainerMessage = z.infer<typeof TrainerMessage>;
