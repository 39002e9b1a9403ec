import { dispose } from '@tensorflow/tfjs-core';
import { fillNormal, key } from '../../random.ts';
import type { NamedArrays } from '../../safetensors.ts';
import type { Network } from '../model/network.ts';
import { fromArrays } from '../tensors.ts';
import { deterministicPass } from './passes.ts';

/**
 * Examples that a generator makes up, `[count, width]` in encoded units: always of the same noise for a seed, so that
 * they can be compared from stage to stage.
 */
export async function makeUpExamples(
  generator: Network,
  weights: NamedArrays,
  seed: number,
  count: number,
): Promise<Float32Array> {
  const [latent] = generator.spec.inputShape as [number];
  const noise = fillNormal(new Float32Array(count * latent), key(seed, 'samples'));
  const tensors = fromArrays(weights);
  try {
    return await deterministicPass(generator, tensors, noise, count);
  } finally {
    dispose(Object.values(tensors));
  }
}
