import { z } from 'zod';

/**
 * Why a job or a run failed, told apart so that a user knows whose turn it is:
 * `invalidData` and `diverged` are the job's own; `outOfMemory`, `timeout` and `hung` its size's;
 * `workerLost`, `trainerKilled`, `deviceUnavailable` and `storage` the infrastructure's; `dependencyFailed` is
 * that of the job whose model it was to build on; `bug` is ours.
 */
export const FailureCode = z.enum([
  'invalidData',
  'diverged',
  'outOfMemory',
  'timeout',
  'hung',
  'workerLost',
  'trainerKilled',
  'deviceUnavailable',
  'storage',
  'dependencyFailed',
  'bug',
]);
export type FailureCode = z.infer<typeof FailureCode>;

export const Failure = z
  .strictObject({
    code: FailureCode,
    message: z.string(),
    retryable: z.boolean(),
    stage: z.int().optional(),
    step: z.int().optional(),
    layer: z.string().optional(),
  })
  .meta({ id: 'Failure' });
export type Failure = z.infer<typeof Failure>;
