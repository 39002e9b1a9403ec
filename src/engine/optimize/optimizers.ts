import type { OptimizerSpec } from '../../spec/optimizer.ts';
import { accumulateVelocity } from './accumulate-velocity.ts';
import { addDecayedWeights } from './add-decayed-weights.ts';
import { chain } from './chain.ts';
import { clip } from './clip.ts';
import { scaleByAdam, scaleByAdamax } from './scale-by-adam.ts';
import { scaleByLearningRate } from './scale-by-learning-rate.ts';
import { scaleByNadam } from './scale-by-nadam.ts';
import { scaleByRootOfMean, scaleByStandardDeviation } from './scale-by-root-of-mean.ts';
import { scaleByRootOfSum } from './scale-by-root-of-sum.ts';
import type { Transform } from './transform.ts';

/** The optimizer that a spec names: clipping first, then its pieces. Definitions are Keras's. */
export function createOptimizer(spec: OptimizerSpec): Transform {
  const clipping = spec.clip === undefined ? [] : [clip(spec.clip)];
  return chain(...clipping, ...pieces(spec));
}

/** The optimizer's own momentum, which a schedule may cycle; undefined where it has none. */
export function momentumOf(spec: OptimizerSpec): number | undefined {
  switch (spec.type) {
    case 'momentum':
    case 'nesterov':
      return spec.momentum;
    case 'rmsprop':
      return spec.momentum > 0 ? spec.momentum : undefined;
    default:
      return undefined;
  }
}

function pieces(spec: OptimizerSpec): Transform[] {
  switch (spec.type) {
    case 'sgd':
      return [scaleByLearningRate()];
    case 'momentum':
      return [scaleByLearningRate(), accumulateVelocity({ momentum: spec.momentum, nesterov: false })];
    case 'nesterov':
      return [scaleByLearningRate(), accumulateVelocity({ momentum: spec.momentum, nesterov: true })];
    case 'adagrad':
      return [scaleByRootOfSum(spec), scaleByLearningRate()];
    case 'rmsprop':
      return [
        spec.centered ? scaleByStandardDeviation(spec) : scaleByRootOfMean(spec),
        scaleByLearningRate(),
        ...(spec.momentum > 0 ? [accumulateVelocity({ momentum: spec.momentum, nesterov: false })] : []),
      ];
    case 'adam':
      return [scaleByAdam(spec), scaleByLearningRate()];
    case 'adamax':
      return [scaleByAdamax(spec), scaleByLearningRate()];
    case 'nadam':
      return [scaleByNadam(spec), scaleByLearningRate()];
    case 'adamw':
      return [scaleByAdam(spec), addDecayedWeights(spec.weightDecay), scaleByLearningRate()];
  }
}
