import type { Distribution } from '../../spec/distribution.ts';
import type { TargetEncoding } from '../../spec/preprocess.ts';
import { sigmoid } from '../sigmoid.ts';
import { softmax } from '../softmax.ts';

/** How an output becomes an answer: probabilities of logits, or numbers in the target's units. */
export type Decode = (output: Float32Array) => Float64Array;

/**
 * How a target's outputs are decoded: to the probabilities of its classes or labels, to its own units, or left in
 * those of the encoded input.
 */
export function decoderOf(target: TargetEncoding, distribution: Distribution = 'point'): Decode {
  switch (target.type) {
    case 'category':
    case 'turn':
      return toProbabilities;
    case 'labels':
    case 'sameness':
    case 'truth':
      return toLabelProbabilities;
    case 'input':
    case 'example':
      return asItIs;
    case 'number':
      return distribution === 'gaussian' ? toGaussian(target) : toUnits(target);
  }
}

/** In encoded units. */
export const asItIs: Decode = (output) => Float64Array.from(output);

/** Probabilities of one row's logits, in float64. */
export const toProbabilities: Decode = softmax;

/** The probability of each label on its own, in float64. */
export const toLabelProbabilities: Decode = (logits) => Float64Array.from(logits, sigmoid);

/** @returns a decoder that undoes the target's standardization */
export function toUnits({ mean, std }: { mean: number; std: number }): Decode {
  return (output) => Float64Array.from(output, (value) => value * std + mean);
}

/** @returns a decoder of a mean and the logarithm of a variance to the mean and the standard deviation */
export function toGaussian({ mean, std }: { mean: number; std: number }): Decode {
  return ([value, logVariance]) => Float64Array.of(value! * std + mean, Math.exp(logVariance! / 2) * std);
}
