import { featureAxis, type Infer, type Inferred, type Shape, text } from './shape.ts';

export function mergeEqual(_layer: unknown, input: Shape, inputs: readonly Shape[]): Inferred {
  if (inputs.some((shape) => String(shape) !== String(input)))
    throw new Error(`takes inputs of one shape, and gets ${inputs.map(text).join(', ')}`);
  return { outputShape: input };
}

export const concat: Infer<'concat'> = (layer, input, inputs) => {
  const along = featureAxis(layer.axis, input);
  const others = (shape: Shape) => String(shape.with(along, 0));
  if (inputs.some((shape) => shape.length !== input.length || others(shape) !== others(input)))
    throw new Error(
      `takes inputs that differ only along axis ${layer.axis}, and gets ${inputs.map(text).join(', ')}`,
    );
  const length = inputs.reduce((sum, shape) => sum + shape[along]!, 0);
  return { outputShape: input.with(along, length) };
};
