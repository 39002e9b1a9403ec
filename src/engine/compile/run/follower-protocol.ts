import type { Stream } from '../plan/barriers.ts';

/** What a follower is started with. */
export interface FollowerData {
  readonly memory: WebAssembly.Memory;
  readonly integers: Int32Array;
  readonly threads: number;
  /** Which of them it is; the leader is 0. */
  readonly thread: number;
  readonly gemm: string;
}

/** What a follower is told of a program before it takes part in it. */
export interface FollowerProgram {
  readonly module: WebAssembly.Module;
  readonly nests: number;
  readonly measure: Stream;
  readonly update: Stream;
}

/** Commands that are no run: to fetch the next program, to end. Others are twice its number, and 1 to update. */
export const [FETCH, END] = [-1, -2];
