import { expandModel, type PlacedLayer } from './expand.ts';
import type { JobSpec } from './job.ts';
import type { StageSpec } from './stage.ts';

/** The network's layers that a name in the spec stands for: of a composite its parts, else the layer itself. */
export function layersNamed(layers: readonly PlacedLayer[], name: string): string[] {
  const parts = layers.filter(({ within }) => within.includes(name)).map(({ layer }) => layer.name);
  return parts.length > 0 ? parts : [name];
}

/** A job's stages, which say of composites in `trainable` what they stand for. */
export function settleStages({ model, stages }: Pick<JobSpec, 'model' | 'stages'>): StageSpec[] {
  const layers = expandModel(model);
  return stages.map((stage) => {
    if (stage.trainable === 'all') return stage;
    const named = stage.trainable.layers.flatMap((name) => layersNamed(layers, name));
    return { ...stage, trainable: { layers: named } };
  });
}
