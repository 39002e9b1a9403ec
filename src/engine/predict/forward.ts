import type { NamedArrays } from '../../safetensors.ts';
import type { Network } from '../model/network.ts';
import type { MonteCarloPasses } from './passes.ts';

/** Gives what is to send rows through a network of these weights. */
export type ForwardOf = (network: Network, weights: NamedArrays) => Forward;

/** Sends encoded rows through a trained network, otherwise than op by op; answers null where it can't. */
export interface Forward {
  /** One deterministic pass, dropout off: `[count, units]` of rows `[count, width]`. */
  deterministicPass(x: Float32Array, count: number): Promise<Float32Array | null>;
  /** Monte-Carlo passes over the same rows. */
  startPasses(x: Float32Array, rows: number, seed: number): Promise<MonteCarloPasses | null>;
}
