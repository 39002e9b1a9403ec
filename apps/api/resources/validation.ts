import type { Validation } from '../../../src/jobs/services.ts';
import type { ValidationResource } from '../../../src/spec/resource/validation.ts';
import { layerResource } from './layer.ts';

export function validationResource({ model: _, ...validation }: Validation): ValidationResource {
  const { layers, generator } = validation;
  return {
    ...validation,
    layers: layers.map((layer) => ({ ...layerResource(layer), reused: layer.reused })),
    generator: generator?.map(layerResource) ?? null,
  };
}
