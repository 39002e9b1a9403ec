import { z } from 'zod';
import { Name, PositiveInt } from './common.ts';
import { DataSpec } from './data.ts';
import { ModelSpec } from './model.ts';
import { McDropoutSpec } from './prediction.ts';
import { StageSpec } from './stage.ts';

/** Often enough that little is trained again, and seldom enough for a step that takes microseconds. */
const CHECKPOINT_SECONDS = 10;

export const CheckpointPolicy = z
  .strictObject({
    everySeconds: z.number().min(0.1).optional(),
    everySteps: PositiveInt.optional(),
    keep: PositiveInt.max(100).default(3),
  })
  .meta({
    description: `A checkpoint is written after so many seconds of a stage's training, and after each so many of its steps: every ${CHECKPOINT_SECONDS} s where neither is given. The last \`keep\` of them are kept.`,
  });
export type CheckpointPolicy = z.infer<typeof CheckpointPolicy>;

/** When checkpoints are due. */
export function checkpointsEvery({ everySeconds, everySteps }: CheckpointPolicy): {
  seconds: number;
  steps: number;
} {
  return {
    seconds: everySeconds ?? (everySteps === undefined ? CHECKPOINT_SECONDS : Number.POSITIVE_INFINITY),
    steps: everySteps ?? Number.POSITIVE_INFINITY,
  };
}

/** What is measured besides the task's own metrics. */
export const EvaluateSpec = z.strictObject({
  mcDropout: McDropoutSpec.optional(),
  topK: z.int().min(2).optional().meta({
    description:
      'Measures `topKAccuracy` of a classification: how often the true class is among the k likeliest, the first of equals first. Less than there are classes.',
  }),
});

const MOST_LABELS = 100;

export const Labels = z
  .record(z.string().min(1).max(63), z.string().max(255))
  .refine((labels) => Object.keys(labels).length <= MOST_LABELS, `has more than ${MOST_LABELS} labels`)
  .default({});

/** What `POST /v1/jobs` takes; it never changes afterwards. */
export const JobSpec = z
  .strictObject({
    specVersion: z.literal(1).default(1),
    name: Name.optional(),
    labels: Labels,
    seed: z.int().min(0).default(0).meta({ description: 'Everything random follows from it.' }),
    data: DataSpec,
    model: ModelSpec,
    stages: z.array(StageSpec).min(1).max(50),
    evaluate: EvaluateSpec.default({}),
    checkpoint: CheckpointPolicy.default({ everySeconds: CHECKPOINT_SECONDS, keep: 3 }),
    limits: z
      .strictObject({
        maxSeconds: z.number().positive().optional().meta({
          description: 'Of all runs together; what lies between them doesn’t count, and a retry counts anew.',
        }),
      })
      .default({}),
    retries: z.int().min(0).max(20).default(2).meta({
      description: 'How often the job is tried again after a lost worker or another fault that may pass.',
    }),
    priority: z.int().min(0).max(1_000).default(0).meta({ description: '0 is the most urgent.' }),
  })
  .meta({ id: 'JobSpec' });
export type JobSpec = z.infer<typeof JobSpec>;
export type JobSpecInput = z.input<typeof JobSpec>;
