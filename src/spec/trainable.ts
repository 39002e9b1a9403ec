import type { PlacedLayer } from './expand.ts';
import type { LayerShape } from './shapes.ts';
import type { StageSpec, Trainable } from './stage.ts';

/** A stage with the layers that it moves by name. */
export type SettledStage = Omit<StageSpec, 'trainable'> & {
  readonly trainable: Extract<Trainable, 'all' | { layers: string[] }>;
};

/** The network's layers that a name in the spec stands for: of a composite its parts, else the layer itself. */
export function layersNamed(layers: readonly PlacedLayer[], name: string): string[] {
  const parts = layers.filter(({ within }) => within.includes(name)).map(({ layer }) => layer.name);
  return parts.length > 0 ? parts : [name];
}

/** The names of the layers that a stage moves. @param network all of them, with the output layer */
export function movingLayers(
  trainable: Trainable,
  placed: readonly PlacedLayer[],
  network: readonly LayerShape[],
): string[] {
  const reused = new Set(placed.filter((layer) => layer.reused).map(({ layer }) => layer.name));
  const added = network.map(({ name }) => name).filter((name) => !reused.has(name));
  if (trainable === 'all') return network.map(({ name }) => name);
  if (trainable === 'new') return added;
  if ('layers' in trainable) return trainable.layers.flatMap((name) => layersNamed(placed, name));
  const weighted = network.filter(({ name, weights }) => reused.has(name) && weights.length > 0);
  return [...weighted.slice(-trainable.top).map(({ name }) => name), ...added];
}

/** A job's stages, which say by name what they move. */
export function settleStages(
  stages: readonly StageSpec[],
  placed: readonly PlacedLayer[],
  network: readonly LayerShape[],
): SettledStage[] {
  return stages.map((stage) => {
    const { trainable } = stage;
    if (trainable === 'all') return { ...stage, trainable };
    return { ...stage, trainable: { layers: movingLayers(trainable, placed, network) } };
  });
}
