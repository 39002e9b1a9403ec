import type { LayerOf } from '../layer.ts';
import { type Inferred, requireImage, type Shape } from './shape.ts';
import { slide, slideAlong } from './windows.ts';

export function pool(layer: LayerOf<'maxPool' | 'avgPool'>, input: Shape): Inferred {
  const { poolSize, strides = poolSize, padding } = layer;
  if (input.length !== 2) {
    const [, , channels] = requireImage(input);
    return { outputShape: slide(input, poolSize, strides, padding, channels) };
  }
  if (typeof poolSize !== 'number' || typeof strides !== 'number')
    throw new Error('slides along a sequence, so its pool size and strides are one number each');
  return { outputShape: slideAlong(input, poolSize, strides, padding, input[1]!) };
}

export function globalPool(_layer: unknown, input: Shape): Inferred {
  return { outputShape: [input.length === 2 ? input[1]! : requireImage(input)[2]] };
}
