import type { NetworkSpec } from '../../../src/spec/network.ts';
import type { OptimizerSpec } from '../../../src/spec/optimizer.ts';

/** What the bench and a contender's process say to each other, a line of JSON at a time. */

/** Examples that are the same for every contender, as files of float32. */
export interface ExampleFiles {
  /** `[count, …inputShape]`, channels last. */
  readonly x: string;
  /** `[count]`: a class, or a number to regress. */
  readonly y: string;
  readonly count: number;
  readonly inputShape: readonly number[];
  /** Null of a regression. */
  readonly classes: number | null;
}

interface Common {
  /** By which PyTorch's side knows it. */
  readonly model: string;
  readonly threads: number;
  /** Rows of a step, or of a request. */
  readonly batch: number;
}

/** What a contender is told when it starts, by its last argument. */
export type Setting =
  | (Common & {
      readonly kind: 'training' | 'monteCarlo';
      readonly examples: ExampleFiles;
      readonly network: NetworkSpec;
      readonly optimizer: OptimizerSpec;
    })
  /** A product of square matrices: `batch` is their side. */
  | (Common & { readonly kind: 'gemm' });

export type NetworkSetting = Exclude<Setting, { kind: 'gemm' }>;

/** What it answers once, when it is ready, or can't be. */
export interface Prepared {
  readonly cannot?: string;
  /** Of its very first step, with all that is compiled for it. */
  readonly firstStepMs?: number;
  /**
   * The mean loss of the last few of its first steps; of Monte-Carlo dropout the mean standard deviation of a
   * probability. Contenders that compute the same have losses of the same order, and equal ones only by chance: each
   * draws initial weights and masks of its own. Null where the steps take too long.
   */
  readonly loss?: number | null;
  /** Of several ways that it tried, the one it takes. */
  readonly variant?: string;
}

/** It computes for so many seconds, and then answers. */
export interface Turn {
  readonly seconds: number;
}

export interface Measured {
  readonly samplesPerSecond: number;
  readonly stepsPerSecond: number;
  /** The most that the process has held so far. */
  readonly rssMiB: number;
  /** Of its last step. */
  readonly loss: number | null;
}

/** What every contender does alike. */
export const STEPS_CHECKED = 20;
export const LOSSES_AVERAGED = 5;
/** So long the steps that are checked may take. */
export const CHECK_SECONDS = 20;
/** Untimed, before every turn: each starts from the initial weights. */
export const WARM_UP_SECONDS = 0.2;
/** Passes of a Monte-Carlo prediction. */
export const PASSES = 100;
