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

/** The weights that every contender starts from, one after another as float32; outputs last, in the layers’ order. */
export interface WeightFile {
  readonly file: string;
  readonly weights: readonly {
    readonly name: string;
    readonly shape: readonly number[];
    readonly size: number;
  }[];
}

/** What ours draws those weights by. */
export const SEED = 1;

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
      readonly initial: WeightFile;
      readonly optimizer: OptimizerSpec;
      /** Whether ours takes the examples in another order each epoch, as a job does, rather than as they lie. */
      readonly shuffled?: boolean;
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
   * probability. Contenders start alike, so these are equal but for rounding, for what each side’s definitions have of
   * their own, and for dropout’s masks, which each draws by itself. Null where the steps take too long.
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
