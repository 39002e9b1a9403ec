import { z } from 'zod';
import { Identifier, Name, PositiveInt } from './common.ts';

const LayersToReuse = z
  .union([PositiveInt, z.literal('all'), z.strictObject({ upTo: Identifier })])
  .default('all')
  .meta({
    description:
      'How many, from the lowest up; those up to a layer of this name; or all but the head: the highest layer that has weights, norms apart, and what stands upon it. A network that ends in feature maps, or in their means, has none.',
  });

/** Which layers of another model a network begins with. */
export const ReuseSpec = z
  .union([
    z.strictObject({
      model: z.string().regex(/^mdl_[0-9A-Z]{26}$/, 'an id of the form mdl_…'),
      layers: LayersToReuse,
    }),
    z.strictObject({
      job: Name.meta({
        description: 'The name of an earlier job of the same pipeline: the model that it makes.',
      }),
      layers: LayersToReuse,
    }),
  ])
  .meta({
    id: 'Reuse',
    description:
      'Begins the network with the lower layers of another model, weights and all. Inputs are made numbers of as they were for it, unless `data.standardize` says otherwise.',
  });
export type ReuseSpec = z.infer<typeof ReuseSpec>;
