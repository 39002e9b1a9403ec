import type { WeightInitializer } from '../initializer.ts';
import type { LayerOf } from '../layer.ts';
import { type Infer, type Inferred, requireSequence, type Shape, type WeightShape } from './shape.ts';
import { penalties, vector, weight } from './weights.ts';

/** How many numbers a gate's unit leaves behind in each step: products, sums, parts and their activations. Measured. */
const KEPT_A_STEP = 9;

type Recurrent = LayerOf<'simpleRnn' | 'lstm' | 'gru'>;

/** The gates' columns lie side by side in Keras's order: i, f, c, o of an LSTM and z, r, h of a GRU. */
export const simpleRnn: Infer<'simpleRnn'> = (layer, input) =>
  recurrent(layer, input, 1, biases(layer, { bias: 'zeros' }, 1));

export const lstm: Infer<'lstm'> = (layer, input) => {
  const bias: WeightInitializer = layer.unitForgetBias ? { type: 'parts', values: [0, 1, 0, 0] } : 'zeros';
  return recurrent(layer, input, 4, biases(layer, { bias }, 4));
};

/** Since its reset gate acts upon the recurrent product, that has a bias of its own. */
export const gru: Infer<'gru'> = (layer, input) =>
  recurrent(layer, input, 3, biases(layer, { bias: 'zeros', recurrentBias: 'zeros' }, 3));

function recurrent(
  layer: Recurrent,
  input: Shape,
  gates: number,
  biasWeights: readonly WeightShape[],
): Inferred {
  const [length, channels] = requireSequence(input);
  const { units } = layer;
  const columns = gates * units;
  // Fans as Keras counts them: the gates' columns all count as what goes out.
  const kernel = weight('kernel', [channels, columns], layer.initializer, [channels, columns]);
  const between: [number, number] = [units, columns];
  return {
    outputShape: layer.returnSequences ? [length, units] : [units],
    kept: length * columns * KEPT_A_STEP,
    weights: [
      { ...kernel, ...penalties(layer) },
      weight('recurrentKernel', between, layer.recurrentInitializer, between),
      ...biasWeights,
    ],
  };
}

function biases(
  { useBias, units }: Recurrent,
  initializers: Readonly<Record<string, WeightInitializer>>,
  gates: number,
): WeightShape[] {
  if (!useBias) return [];
  return Object.entries(initializers).map(([name, initializer]) => vector(name, gates * units, initializer));
}
