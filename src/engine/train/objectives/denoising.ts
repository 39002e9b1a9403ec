import { type Key, normal, uniform } from '../../../random.ts';
import type { ObjectiveOf } from '../../../spec/objective.ts';
import { autoencoder } from './autoencoder.ts';
import type { Objective } from './objective.ts';

/**
 * Puts the input together again from a corrupted one: Vincent et al., Extracting and composing robust features with
 * denoising autoencoders (ICML 2008), and Stacked denoising autoencoders (JMLR 11, 2010). Every batch is corrupted
 * anew; that of an evaluation always in the same way.
 */
export function denoising({ noise, amount, loss }: ObjectiveOf<'denoising'>): Objective {
  const corrupt = noise === 'mask' ? dropNumbers : addNoise;
  return {
    ...autoencoder({ type: 'autoencoder', loss }),
    makeBatch: (batch, { stream }) => ({ ...batch, x: corrupt(batch.x, amount, stream), y: batch.x }),
  };
}

/** Each number is 0 with this probability. */
function dropNumbers(x: Float32Array, probability: number, stream: Key): Float32Array {
  return x.map((value, i) => (uniform(stream, i) < probability ? 0 : value));
}

function addNoise(x: Float32Array, std: number, stream: Key): Float32Array {
  return x.map((value, i) => value + std * normal(stream, i));
}
