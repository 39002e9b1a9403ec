import type { Validation } from '../../../src/jobs/services.ts';
import type { ValidationResource } from '../../../src/spec/resource/validation.ts';
import { layerResource } from './layer.ts';

export function validationResource({ model: _, ...validation }: Validation): ValidationResource {
  return { ...validation, layers: validation.layers.map(layerResource) };
}
