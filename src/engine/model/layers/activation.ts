import { activate } from '../activations.ts';
import type { LayerFunction } from '../layer.ts';

export const activation: LayerFunction<'activation'> = (layer, weights, input, context) =>
  activate(layer.activation, input, { weights, context });
