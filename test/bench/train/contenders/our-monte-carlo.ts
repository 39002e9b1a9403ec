import { buildNetwork, initialWeights } from '../../../../src/engine/model/network.ts';
import { toProbabilities } from '../../../../src/engine/predict/decode.ts';
import {
  type ProbabilitySummary,
  summarizeProbabilities,
} from '../../../../src/engine/predict/uncertainty.ts';
import { fromArrays } from '../../../../src/engine/tensors.ts';
import { type Measured, type NetworkSetting, PASSES, type Prepared, SEED } from '../protocol.ts';
import { readBatches } from './batches.ts';
import type { Engine } from './engines.ts';
import { milliseconds, peakMiB, warmedUp } from './measuring.ts';
import type { Contender } from './serve.ts';

/** A prediction by Monte-Carlo dropout as a predictor makes it: passes, probabilities, and what sums them up. */
export class OurMonteCarlo implements Contender {
  readonly #engine: Engine;
  readonly #model: Parameters<Engine['predictMonteCarlo']>[0];
  readonly #x: Float32Array;
  readonly #rows: number;
  #deviation = NaN;

  constructor(engine: Engine, { network: spec, examples, batch }: NetworkSetting) {
    const network = buildNetwork(spec);
    this.#engine = engine;
    const weights = initialWeights(network, SEED);
    const forward = engine.forwardOf?.(network, weights);
    this.#model = { network, weights: fromArrays(weights), ...(forward && { forward }) };
    this.#x = readBatches(examples, batch)[0]!.x;
    this.#rows = batch;
  }

  async prepare(): Promise<Prepared> {
    const firstStepMs = await milliseconds(() => this.#answer());
    const { about } = this.#engine;
    return { firstStepMs, loss: this.#deviation, ...(about && { variant: about }) };
  }

  async takeTurn(seconds: number): Promise<Measured> {
    const stepsPerSecond = await warmedUp(() => this.#answer(), seconds);
    const samplesPerSecond = stepsPerSecond * this.#rows;
    return { stepsPerSecond, samplesPerSecond, rssMiB: peakMiB(), loss: this.#deviation };
  }

  async #answer(): Promise<void> {
    const { summaries } = await this.#engine.predictMonteCarlo(
      this.#model,
      this.#x,
      this.#rows,
      toProbabilities,
      { samples: PASSES, seed: SEED },
      (samples) => summarizeProbabilities(samples),
    );
    this.#deviation = meanDeviation(summaries);
  }
}

function meanDeviation(summaries: readonly ProbabilitySummary[]): number {
  const deviations = summaries.flatMap(({ probabilitiesStd }) => [...probabilitiesStd]);
  return deviations.reduce((sum, deviation) => sum + deviation, 0) / deviations.length;
}
