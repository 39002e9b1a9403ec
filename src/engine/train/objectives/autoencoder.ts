import type { ObjectiveOf } from '../../../spec/objective.ts';
import { exampleLosses, meanLoss } from '../losses.ts';
import { type Objective, plain } from './objective.ts';

/**
 * Puts the encoded input together again. What a layer of fewer units lets through is what the examples have in
 * common: Hinton and Salakhutdinov, Science 313 (2006).
 */
export function autoencoder({ loss = { type: 'mse' } }: ObjectiveOf<'autoencoder'>): Objective {
  return {
    ...plain,
    makeBatch: (batch) => ({ ...batch, y: batch.x }),
    loss: (outputs, { y, weights }) => meanLoss(exampleLosses(loss, outputs, y), weights),
  };
}
