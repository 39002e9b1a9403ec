import { expect, it } from 'vitest';
import { buildNetwork, numbersARow, rowsAtOnce } from '../../../src/engine/model/network.ts';
import { type Batch, type Examples, inputsOf } from '../../../src/engine/train/batch.ts';
import { batchesToMeasure, evaluateSplit } from '../../../src/engine/train/evaluate.ts';
import { createMetrics } from '../../../src/engine/train/metrics.ts';
import { supervised } from '../../../src/engine/train/objectives/supervised.ts';
import { LayerSpec } from '../../../src/spec/layer.ts';

/** 600 windows of three numbers that overlap in two. */
const COUNT = 600;
const series = Float32Array.from({ length: COUNT + 2 }, (_, i) => Math.sin(i));
const windows: Examples = {
  count: COUNT,
  width: 3,
  units: 1,
  x: series,
  y: series.subarray(0, COUNT),
  offsets: Uint32Array.from({ length: COUNT }, (_, i) => i),
};
const copied: Examples = {
  count: COUNT,
  width: 3,
  units: 1,
  x: Float32Array.from({ length: 3 * COUNT }, (_, i) => series[Math.floor(i / 3) + (i % 3)]!),
  y: windows.y,
};

const output = { type: 'dense', name: 'output', units: 1, activation: 'linear', useBias: true } as const;
const NETWORK = buildNetwork({ inputShape: [3], layers: [output], distribution: 'point' });

it('gives the numbers of examples, whether they overlap or not', () => {
  for (const [start, end] of [
    [0, COUNT],
    [5, 9],
    [7, 7],
  ] as const)
    expect(inputsOf(windows, start, end)).toEqual(inputsOf(copied, start, end));
  expect(inputsOf(copied, 1, 3).buffer).toBe(copied.x.buffer);
});

it('evaluates overlapping examples like copies of them', async () => {
  const seen = async (split: Examples) => {
    const batches: number[][] = [];
    const evaluate = async (batch: Batch) => {
      batches.push([batch.count, ...batch.x]);
      return { loss: 0, outputs: batch.y };
    };
    const measured = batchesToMeasure({ network: NETWORK, seed: 0 }, supervised('regression'), split);
    const result = await evaluateSplit({ evaluate }, measured, createMetrics('regression'));
    return { batches, result };
  };
  expect(await seen(windows)).toEqual(await seen(copied));
});

it('bounds the rows at once by what a recurrent layer holds of each', () => {
  const lstm = LayerSpec.parse({ type: 'lstm', units: 64 });
  const network = buildNetwork({
    inputShape: [400, 8],
    layers: [{ ...lstm, name: 'lstm' }, output],
    distribution: 'point',
  });
  // Four gates of 64 units over 400 steps, and no less.
  expect(numbersARow(network)).toBeGreaterThan(400 * 4 * 64);
  expect(rowsAtOnce(network) * numbersARow(network)).toBeLessThanOrEqual(16_000_000);
  expect(rowsAtOnce(NETWORK)).toBeGreaterThan(1_000_000);
});
