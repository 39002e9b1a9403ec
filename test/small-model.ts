import { sequential } from './unit/spec/topology-fixture.ts';

/** A linear layer and a softmax upon dropout, as TensorFlow.js saves them: `model.json` and two shards. */
export function smallModel(dropout = 0.5): Record<string, Buffer> {
  const topology = sequential(
    { class_name: 'Dense', config: { units: 2, activation: 'linear', batch_input_shape: [null, 3] } },
    { class_name: 'Dropout', config: { rate: dropout } },
    { class_name: 'Dense', config: { units: 2, activation: 'softmax' } },
  );
  const weights = [
    { name: 'layer_0/kernel', shape: [3, 2], dtype: 'float32' },
    { name: 'layer_0/bias', shape: [2], dtype: 'float32' },
    { name: 'layer_2/kernel', shape: [2, 2], dtype: 'float32' },
    { name: 'layer_2/bias', shape: [2], dtype: 'float32' },
  ];
  const numbers = Float32Array.of(1, 0, 0, 1, 0, 0, 0.5, -0.5, 1, 0, 0, 1, 0, 0.25);
  const bytes = Buffer.from(numbers.buffer);
  const manifest = [{ paths: ['shard1.bin', 'shard2.bin'], weights }];
  const modelJson = { format: 'layers-model', modelTopology: topology, weightsManifest: manifest };
  return {
    'model.json': Buffer.from(JSON.stringify(modelJson)),
    'shard1.bin': bytes.subarray(0, 30),
    'shard2.bin': bytes.subarray(30),
  };
}
