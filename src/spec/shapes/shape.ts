import type { WeightInitializer } from '../initializer.ts';
import type { LayerOf, LayerType } from '../layer.ts';

/** Shapes leave out the batch axis. */
export type Shape = readonly number[];

/** One weight tensor of a layer, before it is made. */
export interface WeightShape {
  /** Local name: `kernel`, `bias`, `gamma`, … The full name is `<layer>/<weight>`. */
  readonly name: string;
  readonly shape: Shape;
  readonly initializer: WeightInitializer;
  /** Fan-in and fan-out that scale the initializer. */
  readonly fans: readonly [number, number];
  /** False for moving statistics, which the optimizer never touches. */
  readonly trainable: boolean;
  readonly l1: number;
  readonly l2: number;
  readonly maxNorm?: number;
}

/** What follows from a layer's spec and the shape of its input. */
export interface Inferred {
  readonly outputShape: Shape;
  readonly weights?: readonly WeightShape[];
  /** About how many numbers of one example training keeps for its gradient, where that is not just its output. */
  readonly kept?: number;
}

/**
 * @param input the shape of its first input
 * @param inputs the shapes of all, for layers that merge several
 * @throws Error that says what is wrong with the shape
 */
export type Infer<T extends LayerType> = (
  layer: LayerOf<T>,
  input: Shape,
  inputs: readonly Shape[],
) => Inferred;

export function size(shape: Shape): number {
  return shape.reduce((product, n) => product * n, 1);
}

export function text(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

export function same(_layer: unknown, input: Shape): Inferred {
  return { outputShape: input };
}

export function pair(value: number | readonly [number, number]): [number, number] {
  return typeof value === 'number' ? [value, value] : [value[0], value[1]];
}

/** The position of a feature axis in a shape without the batch; `axis` counts the batch as 0. */
export function featureAxis(axis: number, shape: Shape): number {
  const position = axis < 0 ? shape.length + axis : axis - 1;
  if (position < 0 || position >= shape.length)
    throw new Error(`has no axis ${axis}: its input is ${text(shape)}`);
  return position;
}

export function requireRank(input: Shape, rank: number, remedy: string): void {
  if (input.length !== rank)
    throw new Error(`wants ${rank} dimension${rank === 1 ? '' : 's'} and gets ${text(input)}: ${remedy}`);
}

export function requireImage(input: Shape): [number, number, number] {
  requireRank(input, 3, 'it wants [height, width, channels]; put a reshape layer before it');
  return input as unknown as [number, number, number];
}

export function requireSequence(input: Shape): [number, number] {
  requireRank(input, 2, 'it wants [length, channels]; put a reshape layer before it');
  return input as unknown as [number, number];
}
