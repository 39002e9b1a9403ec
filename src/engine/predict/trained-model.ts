import { dispose } from '@tensorflow/tfjs-core';
import { NetworkSpec } from '../../spec/network.ts';
import { Preprocess } from '../../spec/preprocess.ts';
import { buildNetwork, type Network } from '../model/network.ts';
import { decodeSafetensors, encodeSafetensors, type NamedArrays, SafetensorsError } from '../safetensors.ts';
import { fromArrays, type Tensors } from '../tensors.ts';

const FORMAT = 'trainyard-model-1';

/** A network with its weights on the device, and what turns rows into its inputs. */
export interface TrainedModel {
  readonly network: Network;
  readonly preprocess: Preprocess;
  readonly weights: Tensors;
  dispose(): void;
}

/** One safetensors file: the weights by name; network and preprocessing as JSON metadata. */
export function encodeModel(network: NetworkSpec, preprocess: Preprocess, weights: NamedArrays): Uint8Array {
  return encodeSafetensors({
    tensors: weights,
    metadata: { format: FORMAT, network: JSON.stringify(network), preprocess: JSON.stringify(preprocess) },
  });
}

/** What a model's file holds. */
export interface DecodedModel {
  readonly network: Network;
  readonly preprocess: Preprocess;
  readonly weights: NamedArrays;
}

/** @throws SafetensorsError for a file that is not a whole model */
export function decodeModel(file: Uint8Array): DecodedModel {
  const { tensors, metadata } = decodeSafetensors(file);
  if (metadata.format !== FORMAT) throw new SafetensorsError('the file is not a Trainyard model');
  const network = buildNetwork(NetworkSpec.parse(JSON.parse(metadata.network!)));
  const preprocess = Preprocess.parse(JSON.parse(metadata.preprocess!));
  for (const [name, { shape }] of network.weights) {
    if (String(tensors[name]?.shape) !== String(shape))
      throw new SafetensorsError(`weight ${name} is missing or misshapen`);
  }
  return { network, preprocess, weights: tensors };
}

/** @throws SafetensorsError for a file that is not a whole model */
export function loadModel(file: Uint8Array): TrainedModel {
  const decoded = decodeModel(file);
  const weights = fromArrays(decoded.weights);
  return { ...decoded, weights, dispose: () => dispose(Object.values(weights)) };
}
