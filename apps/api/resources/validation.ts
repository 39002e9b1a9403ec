import type { Validation } from '../../../src/jobs/services.ts';
import type { ValidationResource } from '../../../src/spec/resource/validation.ts';

export function validationResource({ model: _, ...validation }: Validation): ValidationResource {
  return {
    ...validation,
    layers: validation.layers.map(({ name, type, inputShape, outputShape, parameters }) => ({
      name,
      type,
      inputShape: [...inputShape],
      outputShape: [...outputShape],
      parameters,
    })),
  };
}
