import { io, type Tensor, tensor } from '@tensorflow/tfjs-core';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** A model of TensorFlow.js's own layers, and what it is saved as. */
export interface SavedModel {
  readonly topology: Record<string, unknown>;
  readonly weights: readonly { name: string; shape: number[]; values: Float32Array }[];
}

/** Numbers about ½ for variances and slopes, about 0 for the rest; the same each time. */
export function fillWeights(model: LayersModel): LayersModel {
  let drawn = 0;
  const draw = () => {
    drawn++;
    return Math.sin(drawn * 12.9898) * 0.5;
  };
  const filled = model.getWeights().map((weight, i) => {
    const isVariance = model.weights[i]!.originalName.endsWith('moving_variance');
    return tensor(
      Array.from({ length: weight.size }, () => (isVariance ? 1 + draw() : draw())),
      weight.shape,
    );
  });
  model.setWeights(filled);
  return model;
}

export async function saved(model: LayersModel): Promise<SavedModel> {
  let artifacts: io.ModelArtifacts | undefined;
  await model.save(
    io.withSaveHandler(async (given) => {
      artifacts = given;
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    }),
  );
  const { modelTopology, weightSpecs, weightData } = artifacts!;
  const bytes = new Uint8Array(weightData as ArrayBuffer);
  let at = 0;
  const weights = weightSpecs!.map(({ name, shape }) => {
    const count = shape.reduce((product, n) => product * n, 1);
    const values = new Float32Array(bytes.slice(at, at + 4 * count).buffer);
    at += 4 * count;
    return { name, shape, values };
  });
  return { topology: modelTopology as Record<string, unknown>, weights };
}

/** As `model.json` and its shards, cut anywhere. */
export function tfjsFiles({ topology, weights }: SavedModel, shardBytes = 1_000): Record<string, Buffer> {
  const bytes = Buffer.concat(weights.map(({ values }) => Buffer.from(values.buffer)));
  const count = Math.max(1, Math.ceil(bytes.length / shardBytes));
  const shards = Array.from({ length: count }, (_, i) =>
    bytes.subarray(i * shardBytes, (i + 1) * shardBytes),
  );
  const paths = shards.map((_, i) => `group1-shard${i + 1}of${count}.bin`);
  const manifest = weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' }));
  const modelJson = {
    format: 'layers-model',
    modelTopology: topology,
    weightsManifest: [{ paths, weights: manifest }],
  };
  return {
    'model.json': Buffer.from(JSON.stringify(modelJson)),
    ...Object.fromEntries(paths.map((path, i) => [path, shards[i]!])),
  };
}

/** What the stock model makes of rows, `[count, …]` flat. */
export function stockPrediction(model: LayersModel, rows: Float32Array, shape: readonly number[]): number[] {
  const input = tensor(rows, [rows.length / shape.reduce((a, b) => a * b, 1), ...shape]);
  return [...(model.predict(input) as Tensor).dataSync()];
}
