import {
  bytesOf,
  decodeSafetensors,
  encodeSafetensors,
  type NamedArray,
  type NamedArrays,
  SafetensorsError,
  safetensorsHead,
  tensorOrder,
} from './safetensors.ts';
import type { ModelStructure } from './spec/model-structure.ts';
import { NetworkSpec } from './spec/network.ts';
import { Preprocess } from './spec/preprocess.ts';
import { inferShapes, type LayerShape } from './spec/shapes.ts';

/**
 * A model's file: one of safetensors with the weights by name, `<layer>/<weight>`; network and preprocessing are
 * JSON in its metadata. Knows no tensors on a device, so that imports can write one where there is no TensorFlow.
 */

const FORMAT = 'trainyard-model-1';

/** A weight whose numbers are made only when they are written. */
export interface LazyWeight {
  readonly name: string;
  readonly shape: readonly number[];
  read(): Promise<Float32Array>;
}

export function encodeModelFile(structure: ModelStructure, weights: NamedArrays): Uint8Array {
  return encodeSafetensors({ tensors: weights, metadata: metadataOf(structure) });
}

/** The same bytes, one weight after another, so that no more than one is held. */
export async function* streamModelFile(
  structure: ModelStructure,
  weights: readonly LazyWeight[],
): AsyncGenerator<Uint8Array> {
  const byName = Object.fromEntries(weights.map((weight) => [weight.name, weight]));
  yield safetensorsHead(byName, metadataOf(structure));
  for (const name of tensorOrder(byName)) yield bytesOf(await byName[name]!.read());
}

/** @throws SafetensorsError for a file that is not a whole model */
export function decodeModelFile(file: Uint8Array): ModelStructure & { readonly weights: NamedArrays } {
  const { tensors, metadata } = decodeSafetensors(file);
  if (metadata.format !== FORMAT) throw new SafetensorsError('the file is not a Trainyard model');
  const network = NetworkSpec.parse(JSON.parse(metadata.network!));
  const preprocess = Preprocess.parse(JSON.parse(metadata.preprocess!));
  for (const layer of inferShapes(network.inputShape, network.layers)) checkWeights(layer, tensors);
  return { network, preprocess, weights: tensors };
}

function checkWeights({ name, weights }: LayerShape, tensors: Readonly<Record<string, NamedArray>>): void {
  for (const weight of weights) {
    const full = `${name}/${weight.name}`;
    if (String(tensors[full]?.shape) !== String(weight.shape))
      throw new SafetensorsError(`weight ${full} is missing or misshapen`);
  }
}

function metadataOf({ network, preprocess }: ModelStructure): Record<string, string> {
  return { format: FORMAT, network: JSON.stringify(network), preprocess: JSON.stringify(preprocess) };
}
