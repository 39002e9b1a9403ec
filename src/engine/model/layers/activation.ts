import { activate } from '../activations.ts';
import type { LayerFunction } from '../layer.ts';

export const activation: LayerFunction<'activation'> = (layer, _weights, input) =>
  activate(layer.activation, input);
