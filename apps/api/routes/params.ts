import { z } from 'zod';

/** An id in a path. What isn’t an id at all is no different from one that isn’t there. */
export const IdParams = z.strictObject({ id: z.string().max(64) });

/** A filter in a query. */
export const Filter = z.string().min(1).max(200).optional();
