import { mul, ones, reshape, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { fillNormal, fillUniform, type Key, key } from '../../random.ts';
import { size } from '../../spec/shapes.ts';

/** Where a layer's random numbers come from. Shapes include the batch. */
export interface RandomSource {
  /** Uniform in [0, 1). */
  uniform(shape: readonly number[]): Tensor;
  /** Standard normal. */
  normal(shape: readonly number[]): Tensor;
}

/** Gives each layer, by its name, its own source. */
export type RandomSources = (layerName: string) => RandomSource;

type Fill = (target: Float32Array, stream: Key) => Float32Array;

function draw(fill: Fill, shape: readonly number[], stream: Key): Tensor {
  return tensor(fill(new Float32Array(size(shape)), stream), [...shape]);
}

/** The stream that each layer draws from, by its name. */
export type LayerKeys = (layerName: string) => Key;

/** The streams of one training step. */
export function trainingKeys(seed: number, stage: number, step: number): LayerKeys {
  return (layerName) => key(seed, 'train', stage, step, layerName);
}

/** Draws of these streams: every element of the batch has its own. */
export function drawnFrom(keys: LayerKeys): RandomSources {
  return (layerName) => {
    const stream = keys(layerName);
    return {
      uniform: (shape) => draw(fillUniform, shape, stream),
      normal: (shape) => draw(fillNormal, shape, stream),
    };
  };
}

/** The draws of one training step. */
export function trainingRandom(seed: number, stage: number, step: number): RandomSources {
  return drawnFrom(trainingKeys(seed, stage, step));
}

/**
 * The draws of `passes` Monte-Carlo passes from `firstPass` on, stacked along the batch axis: the batch is
 * `passes` copies of `rows` rows, copy after copy. One draw a pass is shared by all of its rows, so each pass
 * is one sampled network, and a row's answer depends neither on its neighbours nor on how passes are batched.
 */
export function monteCarloRandom(seed: number, firstPass: number, passes: number): RandomSources {
  return (layerName) => {
    const source = (fill: Fill) => (shape: readonly number[]) => {
      const [batch, ...rest] = shape as [number, ...number[]];
      const width = size(rest);
      const draws = new Float32Array(passes * width);
      for (let pass = 0; pass < passes; pass++) {
        const stream = key(seed, 'monte-carlo', firstPass + pass, layerName);
        fill(draws.subarray(pass * width, (pass + 1) * width), stream);
      }
      // Broadcast by a product: tfjs's tile is some 40 times slower on wasm.
      const forEveryRow = mul(tensor(draws, [passes, 1, width]), ones([passes, batch / passes, width]));
      return reshape(forEveryRow, [...shape]);
    };
    return { uniform: source(fillUniform), normal: source(fillNormal) };
  };
}

/** For modes that draw nothing. */
export const noRandom: RandomSources = (layerName) => {
  const refuse = (): never => {
    throw new Error(`layer “${layerName}” draws random numbers in a mode that has none`);
  };
  return { uniform: refuse, normal: refuse };
};
