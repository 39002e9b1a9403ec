import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import { clip } from '../../src/engine/optimize/clip.ts';
import { globalNorm } from '../../src/engine/optimize/global-norm.ts';
import { createOptimizer } from '../../src/engine/optimize/optimizers.ts';
import { applyUpdates, type Transform } from '../../src/engine/optimize/transform.ts';
import type { Tensors } from '../../src/engine/tensors.ts';
import { type Clip, OptimizerSpec } from '../../src/spec/optimizer.ts';
import { expectClose, fixture } from './fixture.ts';

interface Optimizers {
  weights: number[];
  gradients: number[][];
  /** The steps whose weights `path` has. */
  kept: number[];
  cases: {
    source: string;
    spec: Record<string, unknown>;
    rates: number[];
    momenta?: number[];
    path: number[][];
  }[];
}
interface Clips {
  gradients: Record<string, number[]>;
  globalNorm: number;
  cases: { clip: Clip; clipped: Record<string, number[]> }[];
}
const optimizers = fixture<Optimizers>('optimizers');
const clips = fixture<Clips>('clips');

describe.each(['cpu', 'wasm'] as const)('on %s', (backend) => {
  beforeAll(() => startBackend(backend));

  test.each(optimizers.cases)('$spec.type as $source has it, $spec', ({ spec, rates, momenta, path }) => {
    const optimizer = createOptimizer(OptimizerSpec.parse(spec));
    const found = trajectory(optimizer, rates, momenta);
    for (const [i, step] of optimizers.kept.entries())
      expectClose(found[step - 1]!, path[i]!, { floor: 0.1 });
  });

  test.each(clips.cases)('clips by $clip', ({ clip: spec, clipped }) => {
    tf.tidy(() => {
      const { updates } = clip(spec).update(toTensors(clips.gradients), {}, {}, {});
      for (const [name, expected] of Object.entries(clipped))
        expectClose(updates[name]!.dataSync(), expected);
    });
  });

  test('the global norm', () => {
    tf.tidy(() => expectClose(globalNorm(toTensors(clips.gradients)).dataSync(), [clips.globalNorm]));
  });
});

/** The weights after each step. They are split in two, to see that slots are kept apart. */
function trajectory(optimizer: Transform, rates: readonly number[], momenta?: readonly number[]): number[][] {
  const path: number[][] = [];
  let weights = split(optimizers.weights);
  let slots = optimizer.init(weights);
  for (const [i, learningRate] of rates.entries()) {
    const scalars = optimizer.scalars!({ step: i + 1, learningRate, momentum: momenta?.[i] });
    [weights, slots] = tf.tidy(() => {
      const tensors = Object.fromEntries(
        Object.entries(scalars).map(([name, value]) => [name, tf.scalar(value)]),
      );
      const step = optimizer.update(split(optimizers.gradients[i]!), slots, weights, tensors);
      return [applyUpdates(weights, step.updates), step.slots] as [Tensors, Tensors];
    });
    path.push([...weights['a/kernel']!.dataSync(), ...weights['a/bias']!.dataSync()]);
  }
  expect(Object.values(weights).every((weight) => weight.dtype === 'float32')).toBe(true);
  return path;
}

function split(values: readonly number[]): Tensors {
  return {
    'a/kernel': tf.tensor(values.slice(0, 6), [3, 2]),
    'a/bias': tf.tensor(values.slice(6), [2]),
  };
}

function toTensors(arrays: Readonly<Record<string, number[]>>): Tensors {
  return Object.fromEntries(Object.entries(arrays).map(([name, values]) => [name, tf.tensor1d(values)]));
}
