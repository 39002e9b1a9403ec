import type { TargetEncoding } from '../../spec/preprocess.ts';
import { sigmoid } from '../sigmoid.ts';
import { logSoftmax } from '../softmax.ts';

/** How an output becomes an answer: probabilities of logits, or a number in the target's units. */
export type Decode = (output: Float32Array) => Float64Array;

/** How a target's outputs are decoded: to the probabilities of its classes or labels, or to its own units. */
export function decoderOf(target: TargetEncoding): Decode {
  switch (target.type) {
    case 'category':
      return toProbabilities;
    case 'labels':
      return toLabelProbabilities;
    case 'number':
      return toUnits(target);
  }
}

/** Probabilities of one row's logits, in float64. */
export const toProbabilities: Decode = (logits) => logSoftmax(logits).map(Math.exp);

/** The probability of each label on its own, in float64. */
export const toLabelProbabilities: Decode = (logits) => Float64Array.from(logits, sigmoid);

/** @returns a decoder that undoes the target's standardization */
export function toUnits({ mean, std }: { mean: number; std: number }): Decode {
  return (output) => Float64Array.from(output, (value) => value * std + mean);
}
