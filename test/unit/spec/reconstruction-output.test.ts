import { expect, it } from 'vitest';
import { ModelSpec } from '../../../src/spec/model.ts';
import { resolveNetwork } from '../../../src/spec/network.ts';

const last = (layers: object[], inputShape: number[], task: 'reconstruction' | 'regression') =>
  resolveNetwork(ModelSpec.parse({ layers }), {
    inputShape,
    task,
    outputUnits: inputShape.reduce((product, n) => product * n, 1),
    distribution: 'point',
  }).layers.at(-1);

const down = { type: 'conv2d', filters: 4, kernelSize: 3, strides: 2, padding: 'same' };
const up = { type: 'conv2dTranspose', filters: 1, kernelSize: 3, strides: 2, padding: 'same' };

it.each([
  ['a picture of the input’s shape is flattened', [down, up], [8, 8, 1], 'reconstruction', 'flatten'],
  ['another picture is not enough', [down], [8, 8, 1], 'reconstruction', 'dense'],
  ['a row is made by a layer of its own', [{ type: 'dense', units: 8 }], [8], 'reconstruction', 'dense'],
  ['no other task takes a picture', [down, up], [8, 8, 1], 'regression', 'dense'],
] as const)('%s', (_, layers, inputShape, task, type) => {
  expect(last([...layers], [...inputShape], task)).toMatchObject({ type, name: 'output' });
});
