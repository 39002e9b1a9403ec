import { z } from 'zod';
import { LayerSpec } from './layer.ts';
import { placed } from './layers/fields.ts';

interface Placed {
  name?: string | undefined;
  inputs?: string[] | undefined;
}
interface ResidualSpec extends Placed {
  type: 'residual';
  layers: ListedLayer[];
  skip: ListedLayer[];
}
interface ResidualInput extends Placed {
  type: 'residual';
  layers: ListedLayerInput[];
  skip?: ListedLayerInput[] | undefined;
}

/** A layer as a model lists it: one of the network's own, or a composite that stands for several. */
export type ListedLayer = LayerSpec | ResidualSpec;
type ListedLayerInput = z.input<typeof LayerSpec> | ResidualInput;

/** What a composite holds, which may be composites again. */
const Inner: z.ZodType<ListedLayer, ListedLayerInput> = z.lazy(() => ListedLayer);

/**
 * The sum of two ways from the layer before it: through `layers`, and through `skip`, which when left out passes
 * on what it gets (He et al. 2016). The two must end in the same shape.
 */
export const ResidualLayer = z.strictObject({
  type: z.literal('residual'),
  ...placed,
  inputs: placed.inputs
    .unwrap()
    .max(1)
    .optional()
    .meta({ description: 'The one layer that both ways start from; the layer before it when left out.' }),
  layers: z.array(Inner).min(1).max(200),
  skip: z.array(Inner).max(200).default([]),
});

export const ListedLayer = z
  .discriminatedUnion('type', [...LayerSpec.def.options, ResidualLayer])
  .meta({ id: 'ListedLayer' });
