import { encodeInputs, InputError } from '../../src/data/encode-inputs.ts';
import { decoderOf } from '../../src/engine/predict/decode.ts';
import { predict, predictMonteCarlo } from '../../src/engine/predict/predict.ts';
import type { TrainedModel } from '../../src/engine/predict/trained-model.ts';
import type { PredictionRequest, PredictionResponse } from '../../src/spec/prediction.ts';
import { describerOf } from './describe-prediction.ts';

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
  const decode = decoderOf(model.preprocess.target, model.network.spec.distribution);
  const describe = describerOf(model, request);
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

/** An embedding takes only the ids that it has. */
function checkIds({ network }: TrainedModel, x: Float32Array, count: number): void {
  const first = network.spec.layers[0]!;
  if (first.type !== 'embedding') return;
  const width = x.length / count;
  const wrong = x.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= first.inputDim);
  if (wrong === -1) return;
  const message = `takes whole ids from 0 to ${first.inputDim - 1}, and got ${x[wrong]}`;
  throw new InputError([{ pointer: `/inputs/${Math.floor(wrong / width)}`, message }]);
}
