import { z } from 'zod';

/** RFC 9457 `application/problem+json`. */
export const Problem = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    instance: z.string().optional(),
    code: z.string(),
    errors: z
      .array(
        z.strictObject({
          pointer: z.string().meta({ description: 'A JSON Pointer into the body.' }),
          message: z.string(),
        }),
      )
      .optional(),
  })
  .meta({ id: 'Problem' });
export type Problem = z.infer<typeof Problem>;
export type ProblemError = { pointer: string; message: string };
