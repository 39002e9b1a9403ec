import { ACTIVATION_DEFAULTS, type Activation, activationName } from '../activation.ts';
import { defaultInitializer, type Initializer, type WeightInitializer } from '../initializer.ts';
import type { Shape, WeightShape } from './shape.ts';

interface Penalized {
  readonly l1?: number | undefined;
  readonly l2?: number | undefined;
  readonly maxNorm?: number | undefined;
}

export interface Kerneled extends Penalized {
  readonly activation: Activation;
  readonly initializer?: Initializer | undefined;
  readonly useBias: boolean;
}

type Fans = readonly [number, number];

/** What most layers with a kernel have: it, a bias where asked for, and what their activation learns. */
export function kernelAndBias(layer: Kerneled, shape: Shape, fans: Fans, outputs: number): WeightShape[] {
  return [
    kernel(layer, 'kernel', shape, fans),
    ...bias(layer, outputs),
    ...slopes(layer.activation, outputs),
  ];
}

export function kernel(layer: Kerneled, name: string, shape: Shape, fans: Fans): WeightShape {
  const initializer = layer.initializer ?? defaultInitializer(layer.activation);
  return { ...weight(name, shape, initializer, fans), ...penalties(layer) };
}

export function bias(layer: Kerneled, outputs: number): WeightShape[] {
  return layer.useBias ? [vector('bias', outputs, 'zeros')] : [];
}

/** The slopes that a parametric ReLU learns, one a channel (He et al. 2015); no penalty pulls them to zero. */
export function slopes(activation: Activation, channels: number): WeightShape[] {
  if (activationName(activation) !== 'prelu') return [];
  const { initial } =
    typeof activation === 'object' && activation.type === 'prelu' ? activation : ACTIVATION_DEFAULTS.prelu;
  return [vector('alpha', channels, { type: 'constant', value: initial })];
}

/** A vector of one weight a feature. */
export function vector(
  name: string,
  length: number,
  initializer: WeightInitializer,
  trainable = true,
): WeightShape {
  return weight(name, [length], initializer, [length, length], trainable);
}

export function weight(
  name: string,
  shape: Shape,
  initializer: WeightInitializer,
  fans: Fans,
  trainable = true,
): WeightShape {
  return { name, shape, initializer, fans, trainable, l1: 0, l2: 0 };
}

export function penalties({
  l1 = 0,
  l2 = 0,
  maxNorm,
}: Penalized): Pick<WeightShape, 'l1' | 'l2' | 'maxNorm'> {
  return maxNorm === undefined ? { l1, l2 } : { l1, l2, maxNorm };
}
