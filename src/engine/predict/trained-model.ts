import { dispose } from '@tensorflow/tfjs-core';
import { decodeModelFile, encodeModelFile } from '../../model-file.ts';
import type { NamedArrays } from '../../safetensors.ts';
import type { NetworkSpec } from '../../spec/network.ts';
import type { Preprocess } from '../../spec/preprocess.ts';
import { buildNetwork, type Network } from '../model/network.ts';
import { fromArrays, type Tensors } from '../tensors.ts';
import type { Forward, ForwardOf } from './forward.ts';

/** A network with its weights on the device, and what turns rows into its inputs. */
export interface TrainedModel {
  readonly network: Network;
  readonly preprocess: Preprocess;
  readonly weights: Tensors;
  /** What sends rows through the network; tfjs when left out. */
  readonly forward?: Forward;
  dispose(): void;
}

/** One safetensors file: the weights by name; network and preprocessing as JSON metadata. */
export function encodeModel(network: NetworkSpec, preprocess: Preprocess, weights: NamedArrays): Uint8Array {
  return encodeModelFile({ network, preprocess }, weights);
}

/** What a model's file holds. */
export interface DecodedModel {
  readonly network: Network;
  readonly preprocess: Preprocess;
  readonly weights: NamedArrays;
}

/** @throws SafetensorsError for a file that is not a whole model */
export function decodeModel(file: Uint8Array): DecodedModel {
  const { network, ...rest } = decodeModelFile(file);
  return { network: buildNetwork(network), ...rest };
}

/**
 * @param forwardOf gives what is to send rows through a network
 * @throws SafetensorsError for a file that is not a whole model
 */
export function loadModel(file: Uint8Array, forwardOf?: ForwardOf): TrainedModel {
  const decoded = decodeModel(file);
  const weights = fromArrays(decoded.weights);
  const forward = forwardOf?.(decoded.network, decoded.weights);
  return { ...decoded, ...(forward && { forward }), weights, dispose: () => dispose(Object.values(weights)) };
}
