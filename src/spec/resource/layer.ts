import { z } from 'zod';

/** A layer of a network, with the shapes that it takes and gives. */
export const LayerResource = z
  .strictObject({
    name: z.string(),
    type: z.string(),
    inputShape: z.array(z.int()),
    outputShape: z.array(z.int()),
    parameters: z.int(),
  })
  .meta({ id: 'LayerResource' });
export type LayerResource = z.infer<typeof LayerResource>;
