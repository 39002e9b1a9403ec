import type { Key } from '../../random.ts';
import type { Batch, Examples } from './batch.ts';

/** Where a batch comes from, for an objective that makes another of it. */
export interface BatchOrigin {
  /** The split that it is of. */
  readonly source: Examples;
  /** Which of the split's examples it has, in its order. */
  readonly rows: Uint32Array;
  /** Names the batch's own random draws. */
  readonly stream: Key;
  /** Other examples of the split, as the batch's own came to be. To be called once: a second answer has its memory. */
  gather(rows: Uint32Array): Batch;
}
