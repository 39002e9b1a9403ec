import type { NetworkSpec } from './network.ts';
import type { Preprocess } from './preprocess.ts';

/** A model but for its weights: all that its file says beside them, and what another job must know to build on it. */
export interface ModelStructure {
  readonly network: NetworkSpec;
  readonly preprocess: Preprocess;
}
