import { encodeInputs, InputError } from '../../src/data/encode-inputs.ts';
import { decoderOf } from '../../src/engine/predict/evaluate-model.ts';
import { predict, predictMonteCarlo } from '../../src/engine/predict/predict.ts';
import type { TrainedModel } from '../../src/engine/predict/trained-model.ts';
import { entropy, summarizeNumbers, summarizeProbabilities } from '../../src/engine/predict/uncertainty.ts';
import { argMax } from '../../src/engine/softmax.ts';
import { toJsonNumber } from '../../src/spec/common.ts';
import type {
  ClassificationPrediction,
  McDropoutSpec,
  PredictionRequest,
  PredictionResponse,
  RegressionPrediction,
} from '../../src/spec/prediction.ts';

type Prediction = RegressionPrediction | ClassificationPrediction;

/**
 * Answers a prediction request: encodes the rows, predicts, and undoes the target's standardization.
 * @throws InputError with pointers, NotStochasticError
 */
export async function answerPrediction(
  modelId: string,
  model: TrainedModel,
  request: PredictionRequest,
): Promise<PredictionResponse> {
  const { x, count } = encodeInputs(model.preprocess, request.inputs);
  checkIds(model, x, count);
  const decode = decoderOf(model.preprocess.target);
  const describe = describer(model, request);
  if (!request.mcDropout) {
    const outputs = await predict(model, x, count, decode);
    return { modelId, samplesUsed: 0, predictions: outputs.map((output) => describe.one(output)) };
  }
  const { mcDropout } = request;
  const { samplesUsed, summaries } = await predictMonteCarlo(model, x, count, decode, mcDropout, (samples) =>
    describe.many(samples, mcDropout),
  );
  return { modelId, samplesUsed, predictions: summaries };
}

interface Describer {
  one(output: Float64Array): Prediction;
  many(samples: Float64Array[], mcDropout: McDropoutSpec): Prediction;
}

function describer({ preprocess: { target } }: TrainedModel, { abstainAbove }: PredictionRequest): Describer {
  return target.type === 'category'
    ? classDescriber(target.classes, abstainAbove)
    : numberDescriber(abstainAbove);
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
        quantiles: quantiles.map((quantile, i) => ({ quantile, value: toJsonNumber(summary.quantiles[i]!) })),
        ...(returnSamples && { samples: Array.from(values, toJsonNumber) }),
        ...abstention(summary.std, abstainAbove),
      };
    },
  };
}

function classDescriber(classes: readonly string[], abstainAbove: number | undefined): Describer {
  const named = (values: Float64Array) =>
    Object.fromEntries(classes.map((name, i) => [name, toJsonNumber(values[i]!)]));
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
      const summary = summarizeProbabilities(samples);
      return {
        predictedClass: classes[argMax(summary.probabilities)]!,
        probabilities: named(summary.probabilities),
        probabilitiesStd: named(summary.probabilitiesStd),
        predictiveEntropy: toJsonNumber(summary.predictiveEntropy),
        expectedEntropy: toJsonNumber(summary.expectedEntropy),
        mutualInformation: toJsonNumber(summary.mutualInformation),
        ...(returnSamples && { samples: samples.map(named) }),
        ...abstention(summary.predictiveEntropy, abstainAbove),
      };
    },
  };
}

function abstention(uncertainty: number, abstainAbove: number | undefined): { abstained?: boolean } {
  // Written so that an uncertainty which is not a number abstains too.
  return abstainAbove === undefined ? {} : { abstained: !(uncertainty <= abstainAbove) };
}

/** An embedding takes only the ids that it has. */
function checkIds({ network, preprocess }: TrainedModel, x: Float32Array, count: number): void {
  const first = network.spec.layers[0]!;
  if (first.type !== 'embedding') return;
  const width = x.length / count;
  const wrong = x.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= first.inputDim);
  if (wrong === -1) return;
  const message = `takes whole ids from 0 to ${first.inputDim - 1}, and got ${x[wrong]}`;
  const input = `/inputs/${Math.floor(wrong / width)}`;
  // Of a window each id is a row; else the column may have come by its name or by its place.
  throw new InputError([{ pointer: preprocess.window ? `${input}/${wrong % width}` : input, message }]);
}
