import * as tf from '@tensorflow/tfjs-core';
import type { NamedArrays } from '../safetensors.ts';

/** Named tensors: a network's weights, their gradients or updates, keyed by weight name `<layer>/<weight>`. */
export type Tensors = Readonly<Record<string, tf.Tensor>>;

/** The tree of the same names whose tensors are `change` of each. */
export function mapTensors(
  tensors: Tensors,
  change: (tensor: tf.Tensor, name: string) => tf.Tensor,
): Record<string, tf.Tensor> {
  return Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, change(tensor, name)]));
}

/** Puts arrays on the device. */
export function fromArrays(arrays: NamedArrays): Tensors {
  return Object.fromEntries(
    Object.entries(arrays).map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]),
  );
}

/** Reads tensors back. The arrays are copies: they stay as they are when the tensors go. */
export async function toArrays(tensors: Tensors): Promise<NamedArrays> {
  const entries = Object.entries(tensors).map(async ([name, tensor]) => {
    const data = Float32Array.from(await tensor.data());
    return [name, { shape: tensor.shape, data }] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** `tf.tidy` for results of any shape; tensors anywhere in plain objects and arrays of the result survive. */
export function tidied<T>(work: () => T): T {
  return tf.tidy(work as () => tf.TensorContainer) as T;
}
