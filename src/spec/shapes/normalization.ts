import { featureAxis, type Infer, type Shape } from './shape.ts';
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

export const layerNorm: Infer<'layerNorm'> = (layer, input) => ({
  outputShape: input,
  weights: gainAndOffset(layer, input),
});

export const batchNorm: Infer<'batchNorm'> = (layer, input) => {
  const features = input[featureAxis(layer.axis, input)]!;
  return {
    outputShape: input,
    weights: [
      ...gainAndOffset(layer, input),
      vector('movingMean', features, 'zeros', false),
      vector('movingVariance', features, 'ones', false),
    ],
  };
};
