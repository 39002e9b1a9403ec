import { z } from 'zod';

/** From where a job is to go on; from its last checkpoint when nothing is said. */
export const RetryRequest = z
  .strictObject({
    checkpoint: z.string().max(64).optional().meta({
      description: 'The id of a checkpoint of the job; what came after it is forgotten.',
    }),
    from: z.literal('start').optional().meta({
      description: 'Instead of a checkpoint: all that the job has made so far is forgotten.',
    }),
  })
  .refine(({ checkpoint, from }) => checkpoint === undefined || from === undefined, {
    path: ['from'],
    error: 'Give either a checkpoint or “from”',
  })
  .meta({ id: 'RetryRequest' });
export type RetryRequest = z.infer<typeof RetryRequest>;
