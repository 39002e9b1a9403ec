import { z } from 'zod';
import { Activation, activationName } from '../activation.ts';
import type { JsonObject } from './json.ts';
import { numberOption, readSerialized } from './serialized.ts';

/** Keras's activation functions that ours are, by their name in small letters. */
const FUNCTIONS: ReadonlyMap<string, Activation> = new Map<string, Activation>([
  ['linear', 'linear'],
  ['sigmoid', 'sigmoid'],
  ['tanh', 'tanh'],
  ['relu', 'relu'],
  ['relu6', 'relu6'],
  ['leakyrelu', 'leakyRelu'],
  ['elu', 'elu'],
  ['selu', 'selu'],
  ['gelu', 'gelu'],
  ['swish', 'swish'],
  ['silu', 'swish'],
  ['softplus', 'softplus'],
  ['softmax', 'softmax'],
]);

/** Activation layers, where one stands for a function: their options are the layer's. */
const LAYERS: ReadonlyMap<string, (options: JsonObject) => unknown> = new Map<
  string,
  (options: JsonObject) => unknown
>([
  ['relu', (options) => reluOf(options)],
  ['leakyrelu', (options) => ({ type: 'leakyRelu', alpha: slopeOf(options, 0.3) })],
  ['elu', (options) => ({ type: 'elu', alpha: numberOption(options, 'alpha', 1) })],
]);

/** A leaky ReLU's slope below zero: Keras 2 and TensorFlow.js say `alpha`, Keras 3 `negative_slope`. */
export function slopeOf(options: JsonObject, otherwise: number): number | undefined {
  return numberOption(options, 'negative_slope' in options ? 'negative_slope' : 'alpha', otherwise);
}

/** Undefined for a mixture of options that ours lack. */
export function reluOf(options: JsonObject): Activation | undefined {
  const [slope, threshold] = [numberOption(options, 'negative_slope', 0), options.threshold ?? 0];
  const highest = options.max_value ?? null;
  if (threshold !== 0 || slope === undefined || slope < 0) return undefined;
  if (slope > 0) return highest === null ? { type: 'leakyRelu', alpha: slope } : undefined;
  if (highest === null) return 'relu';
  return highest === 6 ? 'relu6' : undefined;
}

function readActivation(value: unknown): Activation | undefined {
  const serialized = readSerialized(value);
  if (serialized === undefined) return undefined;
  const { kind, options, isFunction } = serialized;
  const layer = isFunction ? undefined : LAYERS.get(kind);
  if (layer !== undefined) return Activation.safeParse(layer(options)).data;
  return Object.keys(options).length === 0 ? FUNCTIONS.get(kind) : undefined;
}

const NAMES = [...new Set([...FUNCTIONS.values()].map(activationName))].join(', ');

/** A layer's activation; `silu` is swish. */
export const LayerActivation = z.unknown().transform((value, context): Activation => {
  const found = readActivation(value);
  if (found !== undefined) return found;
  context.addIssue({ code: 'custom', message: `must be one of ${NAMES}` });
  return z.NEVER;
});
