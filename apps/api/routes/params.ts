import { z } from 'zod';

/** An id in a path; whether there is such a thing is for the store to say. */
export const IdParams = z.strictObject({ id: z.string().max(64) });

/** A filter in a query. */
export const Filter = z.string().min(1).max(200).optional();
