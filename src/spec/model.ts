import { z } from 'zod';
import { Identifier } from './common.ts';
import { readTopology, TopologyJson } from './keras/topology.ts';
import { DenseLayer } from './layers/dense.ts';
import { penalized } from './layers/fields.ts';
import { ListedLayer } from './listed-layer.ts';
import { ReuseSpec } from './reuse.ts';

/** The output layer's settings; its units and activation follow from the task. */
export const OutputSpec = DenseLayer.omit({ type: true, units: true, activation: true }).extend({
  name: Identifier.default('output'),
});

export const ModelSpec = z
  .strictObject({
    from: ReuseSpec.optional(),
    layers: z.array(ListedLayer).max(2_000).optional().meta({
      description:
        'From the lowest up, without the output (a reconstruction’s may end in a picture of the input’s shape); upon those of `from`, where there is one. A layer takes the one before it; with `inputs` it takes others by name, so that a list can say any graph.',
    }),
    topology: TopologyJson.optional(),
    output: OutputSpec.optional().meta({
      description: 'The output layer follows from the task; say here only what differs.',
    }),
    ...penalized,
  })
  .superRefine(checkForm)
  .meta({
    id: 'Model',
    description:
      'Its layers as a list, upon those of another model or not; or a topology. `l1`, `l2` and `maxNorm` are those of every layer with a kernel that doesn’t say its own.',
  });
export type ModelSpec = z.infer<typeof ModelSpec>;

interface Form {
  readonly from?: unknown;
  readonly layers?: readonly ListedLayer[] | undefined;
  readonly topology?: TopologyJson | undefined;
  readonly output?: unknown;
}

/** So many layers a network may have, those within composites counted. */
const MOST_LAYERS = 2_000;

function countLayers(layers: readonly ListedLayer[]): number {
  const inside = (layer: ListedLayer) =>
    layer.type === 'residual' ? countLayers(layer.layers) + countLayers(layer.skip) : 0;
  return layers.reduce((sum, layer) => sum + 1 + inside(layer), 0);
}

/** Layers or a topology, and a topology that can be taken. */
function checkForm({ from, layers, topology, output }: Form, context: z.RefinementCtx): void {
  const add = (path: readonly PropertyKey[], message: string) =>
    context.addIssue({ code: 'custom', path: [...path], message });
  if (topology === undefined) {
    if (layers === undefined && from === undefined)
      add(['layers'], 'a model has layers, or a topology instead');
    else if (countLayers(layers ?? []) > MOST_LAYERS) add(['layers'], `has more than ${MOST_LAYERS} layers`);
    return;
  }
  if (from !== undefined) add(['from'], 'a topology is a whole network, and stands on no other model');
  if (layers !== undefined) add(['topology'], 'a model has layers or a topology, not both');
  if (output !== undefined)
    add(['output'], 'a topology’s last layer is the output layer; say there what it needs');
  for (const { path, message } of readTopology(topology).faults) add(['topology', ...path], message);
}
