import { featureAxis, type Infer, type Shape, size } from './shape.ts';
import { vector } from './weights.ts';

interface Affine {
  readonly axis: number;
  readonly center: boolean;
  readonly scale: boolean;
}

function gainAndOffset({ axis, center, scale }: Affine, input: Shape) {
  const features = input[featureAxis(axis, input)]!;
  return [
    ...(scale ? [vector('gamma', features, 'ones')] : []),
    ...(center ? [vector('beta', features, 'zeros')] : []),
  ];
}

/** Training keeps the deviations, twice, and their squares, and the output before and after its offset. */
const KEPT_A_NUMBER = 5;

export const layerNorm: Infer<'layerNorm'> = (layer, input) => ({
  outputShape: input,
  kept: size(input) * KEPT_A_NUMBER,
  weights: gainAndOffset(layer, input),
});

export const batchNorm: Infer<'batchNorm'> = (layer, input) => {
  const features = input[featureAxis(layer.axis, input)]!;
  return {
    outputShape: input,
    kept: size(input) * KEPT_A_NUMBER,
    weights: [
      ...gainAndOffset(layer, input),
      vector('movingMean', features, 'zeros', false),
      vector('movingVariance', features, 'ones', false),
    ],
  };
};
