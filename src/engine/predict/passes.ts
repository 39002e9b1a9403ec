import { dispose, mul, ones, reshape, type Tensor, tensor, tidy } from '@tensorflow/tfjs-core';
import { size } from '../../spec/shapes.ts';
import { forward, forwardBetween, type Network, type Outputs, rowsAtOnce } from '../model/network.ts';
import { monteCarloRandom, noRandom } from '../model/random-source.ts';
import { type Tensors, tidied } from '../tensors.ts';

/** One deterministic pass over encoded rows: `[count, units]`, dropout off. */
export async function deterministicPass(
  network: Network,
  weights: Tensors,
  x: Float32Array,
  count: number,
): Promise<Float32Array> {
  const width = size(network.spec.inputShape);
  const outputs = new Float32Array(count * network.outputUnits);
  const fitting = rowsAtOnce(network);
  for (let start = 0; start < count; start += fitting) {
    const end = Math.min(count, start + fitting);
    const output = tidy(() => {
      const input = tensor(x.subarray(start * width, end * width), [end - start, ...network.spec.inputShape]);
      return forward(network, weights, input, { mode: 'infer', random: noRandom }).output;
    });
    outputs.set(await output.data(), start * network.outputUnits);
    output.dispose();
  }
  return outputs;
}

/**
 * Monte-Carlo passes over the same rows (Gal and Ghahramani 2016): dropout on, batch norm by its moving
 * statistics. What stands before the first stochastic layer is computed once; the passes go through the rest
 * in batches.
 */
export interface MonteCarloPasses {
  /** Outputs of the next `passes` passes, `[passes, rows, units]`. */
  next(passes: number): Promise<Float32Array>;
  /** How many passes fit into memory at once. */
  readonly passesAtOnce: number;
  dispose(): void;
}

/** @param x encoded rows, `[rows, width]`; few enough that one pass over them fits into memory */
export function startPasses(
  network: Network,
  weights: Tensors,
  x: Float32Array,
  rows: number,
  seed: number,
): MonteCarloPasses {
  const first = network.firstStochastic;
  const prefix = tidied(() => {
    const input = tensor(x, [rows, ...network.spec.inputShape]);
    const options = { mode: 'infer', random: noRandom, to: first } as const;
    return forwardBetween(network, weights, { [-1]: input }, options).outputs;
  });
  let done = 0;
  return {
    passesAtOnce: Math.max(1, Math.floor(rowsAtOnce(network, first) / rows)),
    async next(passes) {
      const output = tidy(() => {
        const random = monteCarloRandom(seed, done, passes);
        const options = { mode: 'mc', random, from: first } as const;
        const { outputs } = forwardBetween(network, weights, repeated(prefix, passes), options);
        return outputs[network.layers.length - 1]!;
      });
      done += passes;
      const values = await output.data();
      output.dispose();
      return values as Float32Array;
    },
    dispose: () => dispose(Object.values(prefix)),
  };
}

function repeated(outputs: Outputs, passes: number): Outputs {
  return Object.fromEntries(
    Object.entries(outputs).map(([position, output]) => [position, repeat(output, passes)]),
  );
}

/** `[rows, …]` → `[passes · rows, …]`, copy after copy. */
function repeat(value: Tensor, passes: number): Tensor {
  const [rows, ...rest] = value.shape as [number, ...number[]];
  // Broadcast by a product: tfjs's tile is some 40 times slower on wasm.
  const copies = mul(reshape(value, [1, rows * size(rest)]), ones([passes, 1]));
  return reshape(copies, [passes * rows, ...rest]);
}
