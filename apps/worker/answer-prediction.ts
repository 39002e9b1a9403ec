import { encodeInputs, InputError } from '../../src/data/encode-inputs.ts';
import { decoderOf } from '../../src/engine/predict/decode.ts';
import { predict, predictMonteCarlo } from '../../src/engine/predict/predict.ts';
import type { TrainedModel } from '../../src/engine/predict/trained-model.ts';
import type { PredictionRequest, PredictionResponse } from '../../src/spec/prediction.ts';
import { isFitted } from '../../src/spec/preprocess.ts';
import { inputEmbedding } from '../../src/spec/wiring.ts';
import { describerOf } from './describe-prediction.ts';

/** What the model puts out is no prediction. */
export class NoTaskError extends Error {
  override readonly name = 'NoTaskError';

  constructor(outputShape: readonly number[]) {
    super(
      `What the model puts out, [${outputShape.join(', ')}], suits no task, so it predicts nothing; begin another model with its layers: model.from`,
    );
  }
}

/**
 * Answers a prediction request: encodes the rows, predicts, and undoes the target's standardization.
 * @throws InputError with pointers, NotStochasticError, NoTaskError
 */
export async function answerPrediction(
  modelId: string,
  model: TrainedModel,
  request: PredictionRequest,
): Promise<PredictionResponse> {
  const { network, preprocess } = model;
  if (!isFitted(preprocess)) throw new NoTaskError(network.layers.at(-1)!.outputShape);
  const { x, count, width } = await encodeInputs(preprocess, request.inputs);
  checkIds(model, x, count);
  const decode = decoderOf(preprocess.target, network.spec.distribution);
  const describe = describerOf({ network, preprocess }, request);
  const inputOf = (row: number) => x.subarray(row * width, (row + 1) * width);
  if (!request.mcDropout) {
    const outputs = await predict(model, x, count, decode);
    const predictions = outputs.map((output, row) => describe.one(output, inputOf(row)));
    return { modelId, samplesUsed: 0, predictions };
  }
  const { mcDropout } = request;
  const describeRow = (samples: Float64Array[], row: number) =>
    describe.many(samples, mcDropout, inputOf(row));
  const { samplesUsed, summaries } = await predictMonteCarlo(model, x, count, decode, mcDropout, describeRow);
  return { modelId, samplesUsed, predictions: summaries };
}

/** An embedding takes only the ids that it has. */
function checkIds({ network, preprocess }: TrainedModel, x: Float32Array, count: number): void {
  const embedding = inputEmbedding(network.spec.layers);
  if (!embedding) return;
  const width = x.length / count;
  const wrong = x.findIndex((id) => !Number.isInteger(id) || id < 0 || id >= embedding.inputDim);
  if (wrong === -1) return;
  const message = `takes whole ids from 0 to ${embedding.inputDim - 1}, and got ${x[wrong]}`;
  const input = `/inputs/${Math.floor(wrong / width)}`;
  // Of a window each id is a row; else the column may have come by its name or by its place.
  throw new InputError([{ pointer: preprocess.window ? `${input}/${wrong % width}` : input, message }]);
}
