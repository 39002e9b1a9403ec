import { sigmoid, softplus } from '../sigmoid.ts';
import { isPredicted } from './label-metrics.ts';
import type { MetricAccumulator, MetricsState } from './metric-accumulator.ts';

const NOTHING = { count: 0, correct: 0, trueScore: 0, madeUpScore: 0, generatorLoss: 0 };

/**
 * Of what a discriminator says, as logits [count, 2]: of a true example, and of one made up. How often it is right;
 * how probable it finds the true ones, and those made up, to be true; and the loss that the generator has by it,
 * −log of the latter.
 */
export function ganMetrics(): MetricAccumulator {
  let sums = { ...NOTHING };
  return {
    add: (outputs) => {
      for (let i = 0; i < outputs.length; i += 2) {
        const [ofTrue, ofMadeUp] = [outputs[i]!, outputs[i + 1]!];
        sums.count++;
        sums.correct += Number(isPredicted(ofTrue)) + Number(!isPredicted(ofMadeUp));
        sums.trueScore += sigmoid(ofTrue);
        sums.madeUpScore += sigmoid(ofMadeUp);
        sums.generatorLoss += softplus(-ofMadeUp);
      }
    },
    result: () => ({
      accuracy: sums.correct / (2 * sums.count),
      trueScore: sums.trueScore / sums.count,
      madeUpScore: sums.madeUpScore / sums.count,
      generatorLoss: sums.generatorLoss / sums.count,
    }),
    state: () => ({ ...sums }) as unknown as MetricsState,
    restore: (state) => {
      sums = { ...(state as unknown as typeof sums) };
    },
  };
}
