import { beforeAll, expect, it } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { buildNetwork, initialWeights } from '../../../src/engine/model/network.ts';
import { encodeModel, loadModel } from '../../../src/engine/predict/trained-model.ts';
import { decodeSafetensors, encodeSafetensors } from '../../../src/safetensors.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import { resolveNetwork } from '../../../src/spec/network.ts';
import { Preprocess } from '../../../src/spec/preprocess.ts';

beforeAll(() => startBackend('cpu'));

const inputs = [{ type: 'number', name: 'x', mean: 0, std: 1 }];
const number = Preprocess.parse({
  task: 'regression',
  inputs,
  target: { type: 'number', name: 'y', mean: 1, std: 2 },
});
const labels = Preprocess.parse({
  task: 'multilabel',
  inputs,
  target: { type: 'labels', names: ['wet', 'cold', 'dark'] },
});
const context = { inputShape: [1], outputUnits: 1, task: 'regression', distribution: 'gaussian' } as const;

function fileOf(preprocess: Preprocess, change: Partial<Parameters<typeof resolveNetwork>[1]> = {}) {
  const spec = resolveNetwork(ModelSpec.parse({ layers: [] }), { ...context, ...change });
  return encodeModel(spec, preprocess, initialWeights(buildNetwork(spec), 1));
}

it('says in its file that it is a Gaussian, with two outputs', () => {
  const model = loadModel(fileOf(number));
  expect(model.network.spec.distribution).toBe('gaussian');
  expect(model.network.outputUnits).toBe(2);
  model.dispose();
});

it('keeps its labels in its file, with an output each', () => {
  const model = loadModel(fileOf(labels, { task: 'multilabel', outputUnits: 3, distribution: 'point' }));
  expect(model.preprocess).toEqual(labels);
  expect(model.network.spec.layers.at(-1)).toMatchObject({ units: 3, activation: 'sigmoid' });
  model.dispose();
});

it('is a point where its file, written before there were others, says nothing of it', () => {
  const { tensors, metadata } = decodeSafetensors(fileOf(number, { distribution: 'point' }));
  const { distribution: _, ...network } = JSON.parse(metadata.network!);
  const file = encodeSafetensors({ tensors, metadata: { ...metadata, network: JSON.stringify(network) } });
  const model = loadModel(file);
  expect(model.network.spec.distribution).toBe('point');
  expect(model.network.outputUnits).toBe(1);
  model.dispose();
});
