import type { BenchJob } from './chain.ts';

/** One line of a table: a job for each seed. */
export interface Experiment {
  readonly group: string;
  readonly name: string;
  readonly published: number | null;
  /** The metric that is compared. */
  readonly measure: string;
  job(seed: number): BenchJob;
  /** What it is to be better than, seed by seed. */
  readonly against?: Experiment;
}
