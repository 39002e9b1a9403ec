import { z } from 'zod';
import type { StageSpec } from './stage.ts';

/**
 * What a regression's network says of its target: one number, or a Gaussian as its mean and the logarithm of its
 * variance. Means come first among the outputs, then as many logarithms.
 */
export const Distribution = z.enum(['point', 'gaussian']);
export type Distribution = z.infer<typeof Distribution>;

/** A Gaussian where any stage learns one; the losses of the other stages then see its mean. */
export function distributionOf(stages: readonly Pick<StageSpec, 'objective'>[]): Distribution {
  return stages.some(({ objective }) => 'loss' in objective && objective.loss?.type === 'gaussianNll')
    ? 'gaussian'
    : 'point';
}
