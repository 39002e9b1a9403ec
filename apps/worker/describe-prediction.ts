import { decodeInput } from '../../src/data/decode-inputs.ts';
import type { TrainedModel } from '../../src/engine/predict/trained-model.ts';
import {
  entropy,
  labelEntropy,
  meanOf,
  type ProbabilitySummary,
  type RegressionSummary,
  summarizeGaussians,
  summarizeNumbers,
  summarizeProbabilities,
} from '../../src/engine/predict/uncertainty.ts';
import { argMax } from '../../src/engine/softmax.ts';
import { type JsonNumber, toJsonNumber } from '../../src/spec/common.ts';
import type {
  ClassificationPrediction,
  MadeUpExample,
  McDropoutSpec,
  MultilabelPrediction,
  PredictionRequest,
  ReconstructionPrediction,
  RegressionPrediction,
} from '../../src/spec/prediction.ts';
import { type FittedPreprocess, type Preprocess, TURNS } from '../../src/spec/preprocess.ts';

type Prediction =
  | RegressionPrediction
  | ClassificationPrediction
  | MultilabelPrediction
  | ReconstructionPrediction
  | MadeUpExample;

/** Says what decoded outputs for an encoded input mean: those of one deterministic pass, or the samples of many. */
export interface Describer {
  one(output: Float64Array, input: Float32Array): Prediction;
  many(samples: Float64Array[], mcDropout: McDropoutSpec, input: Float32Array): Prediction;
}

/** How a model's answers are told, with the threshold at which they abstain. */
export function describerOf(
  { network, preprocess }: Pick<TrainedModel, 'network'> & { readonly preprocess: FittedPreprocess },
  { abstainAbove }: Pick<PredictionRequest, 'abstainAbove'>,
): Describer {
  const { target } = preprocess;
  switch (target.type) {
    case 'input':
      return reconstructionDescriber(preprocess, abstainAbove);
    case 'turn':
      return classDescriber(TURNS, abstainAbove);
    case 'truth':
      return labelDescriber(['true'], abstainAbove);
    case 'example':
      return exampleDescriber(target);
    case 'sameness':
      throw new Error('pairs are compared, and nothing is predicted of one input');
    case 'category':
      return classDescriber(target.classes, abstainAbove);
    case 'labels':
      return labelDescriber(target.names, abstainAbove);
    case 'number':
      return network.spec.distribution === 'gaussian'
        ? gaussianDescriber(abstainAbove)
        : numberDescriber(abstainAbove);
  }
}

function numberDescriber(abstainAbove: number | undefined): Describer {
  return {
    one: ([value]) => ({ mean: toJsonNumber(value!) }),
    many: (samples, { quantiles, returnSamples }) => {
      const values = Float64Array.from(samples, ([value]) => value!);
      const summary = summarizeNumbers(values, quantiles);
      return {
        mean: toJsonNumber(summary.mean),
        std: toJsonNumber(summary.std),
        quantiles: quantilesOf(quantiles, summary),
        ...(returnSamples && { samples: Array.from(values, toJsonNumber) }),
        ...abstention(summary.std, abstainAbove),
      };
    },
  };
}

function gaussianDescriber(abstainAbove: number | undefined): Describer {
  return {
    one: ([mean, std]) => ({
      mean: toJsonNumber(mean!),
      aleatoricStd: toJsonNumber(std!),
      ...abstention(std!, abstainAbove),
    }),
    many: (samples, { quantiles, returnSamples }) => {
      const summary = summarizeGaussians(samples, quantiles);
      return {
        mean: toJsonNumber(summary.mean),
        std: toJsonNumber(summary.std),
        aleatoricStd: toJsonNumber(summary.aleatoricStd),
        epistemicStd: toJsonNumber(summary.epistemicStd),
        quantiles: quantilesOf(quantiles, summary),
        ...(returnSamples && { samples: samples.map(([mean]) => toJsonNumber(mean!)) }),
        ...abstention(summary.std, abstainAbove),
      };
    },
  };
}

function quantilesOf(asked: readonly number[], { quantiles }: RegressionSummary) {
  return asked.map((quantile, i) => ({ quantile, value: toJsonNumber(quantiles[i]!) }));
}

function classDescriber(classes: readonly string[], abstainAbove: number | undefined): Describer {
  const named = naming(classes);
  return {
    one: (probabilities) => {
      const predictiveEntropy = entropy(probabilities);
      return {
        predictedClass: classes[argMax(probabilities)]!,
        probabilities: named(probabilities),
        predictiveEntropy: toJsonNumber(predictiveEntropy),
        ...abstention(predictiveEntropy, abstainAbove),
      };
    },
    many: (samples, { returnSamples }) => {
      const summary = summarizeProbabilities(samples, entropy);
      return {
        predictedClass: classes[argMax(summary.probabilities)]!,
        ...describeSummary(summary, named),
        ...(returnSamples && { samples: samples.map(named) }),
        ...abstention(summary.predictiveEntropy, abstainAbove),
      };
    },
  };
}

function labelDescriber(labels: readonly string[], abstainAbove: number | undefined): Describer {
  const named = naming(labels);
  const predicted = (probabilities: Float64Array) => labels.filter((_, i) => probabilities[i]! >= 0.5);
  return {
    one: (probabilities) => {
      const predictiveEntropy = labelEntropy(probabilities);
      return {
        predictedLabels: predicted(probabilities),
        probabilities: named(probabilities),
        predictiveEntropy: toJsonNumber(predictiveEntropy),
        ...abstention(predictiveEntropy, abstainAbove),
      };
    },
    many: (samples, { returnSamples }) => {
      const summary = summarizeProbabilities(samples, labelEntropy);
      return {
        predictedLabels: predicted(summary.probabilities),
        ...describeSummary(summary, named),
        ...(returnSamples && { samples: samples.map(named) }),
        ...abstention(summary.predictiveEntropy, abstainAbove),
      };
    },
  };
}

function reconstructionDescriber(preprocess: Preprocess, abstainAbove: number | undefined): Describer {
  const reconstruction = (output: Float64Array) => decodeInput(preprocess, output);
  return {
    one: (output, input) => {
      const error = rootMeanSquare(output, input);
      return {
        reconstruction: reconstruction(output),
        error: toJsonNumber(error),
        ...abstention(error, abstainAbove),
      };
    },
    many: (samples, { quantiles, returnSamples }, input) => {
      const errors = Float64Array.from(samples, (sample) => rootMeanSquare(sample, input));
      const summary = summarizeNumbers(errors, quantiles);
      return {
        reconstruction: reconstruction(meanOf(samples)),
        error: toJsonNumber(summary.mean),
        errorStd: toJsonNumber(summary.std),
        quantiles: quantilesOf(quantiles, summary),
        ...(returnSamples && { samples: Array.from(errors, toJsonNumber) }),
        ...abstention(summary.mean, abstainAbove),
      };
    },
  };
}

function exampleDescriber(columns: Pick<Preprocess, 'inputs' | 'window'>): Describer {
  const example = (output: Float64Array) => ({ example: decodeInput(columns, output) });
  return { one: example, many: (samples) => example(meanOf(samples)) };
}

/** Of the differences. */
function rootMeanSquare(output: Float64Array, input: Float32Array): number {
  return Math.sqrt(output.reduce((sum, value, i) => sum + (value - input[i]!) ** 2, 0) / output.length);
}

type Naming = (values: Float64Array) => Record<string, JsonNumber>;

function naming(names: readonly string[]): Naming {
  return (values) => Object.fromEntries(names.map((name, i) => [name, toJsonNumber(values[i]!)]));
}

function describeSummary(summary: ProbabilitySummary, named: Naming) {
  return {
    probabilities: named(summary.probabilities),
    probabilitiesStd: named(summary.probabilitiesStd),
    predictiveEntropy: toJsonNumber(summary.predictiveEntropy),
    expectedEntropy: toJsonNumber(summary.expectedEntropy),
    mutualInformation: toJsonNumber(summary.mutualInformation),
  };
}

function abstention(uncertainty: number, abstainAbove: number | undefined): { abstained?: boolean } {
  // Written so that an uncertainty which is not a number abstains too.
  return abstainAbove === undefined ? {} : { abstained: !(uncertainty <= abstainAbove) };
}
