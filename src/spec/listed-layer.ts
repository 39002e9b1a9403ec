import { z } from 'zod';
import { Identifier } from './common.ts';
import { LayerSpec } from './layer.ts';
import { placed } from './layers/fields.ts';
import { GruLayer, LstmLayer, SimpleRnnLayer } from './layers/recurrent.ts';

/** The composite says for both directions what is left out here. */
const settled = { name: true, inputs: true, backwards: true } as const;

/** What a bidirectional layer's two directions are named: its own name, and then this. */
export const DIRECTIONS = { forward: '_forward', backward: '_backward' } as const;

/**
 * Reads a sequence from both ends, with weights of its own each way (Schuster and Paliwal 1997), and merges what
 * the two put out; of sequences, step by step.
 */
export const BidirectionalLayer = z.strictObject({
  type: z.literal('bidirectional'),
  ...placed,
  // Names have up to 64 characters, those of the directions too.
  name: Identifier.max(64 - DIRECTIONS.backward.length)
    .optional()
    .meta({
      description: 'Its two directions are named <name>_forward and <name>_backward.',
    }),
  layer: z.discriminatedUnion('type', [
    SimpleRnnLayer.omit(settled),
    LstmLayer.omit(settled),
    GruLayer.omit(settled),
  ]),
  merge: z.enum(['concat', 'add', 'multiply', 'average']).default('concat'),
});
type BidirectionalLayer = z.infer<typeof BidirectionalLayer>;

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
export type ListedLayer = LayerSpec | BidirectionalLayer | ResidualSpec;
type ListedLayerInput = z.input<typeof LayerSpec> | z.input<typeof BidirectionalLayer> | ResidualInput;

/** What a composite holds, which may be composites again. */
const Inner: z.ZodType<ListedLayer, ListedLayerInput> = z.lazy(() => ListedLayer);

/**
 * The sum of two ways from the layer before it: through `layers`, and through `skip`, which when left out passes
 * on what it gets (He et al. 2016). The two must end in the same shape.
 */
export const ResidualLayer = z.strictObject({
  type: z.literal('residual'),
  ...placed,
  layers: z.array(Inner).min(1).max(200),
  skip: z.array(Inner).max(200).default([]),
});

export const ListedLayer = z
  .discriminatedUnion('type', [...LayerSpec.def.options, BidirectionalLayer, ResidualLayer])
  .meta({ id: 'ListedLayer' });
