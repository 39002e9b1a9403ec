import type { Failure } from '../../src/spec/failure.ts';

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what the trainer wrote to stderr. */
  readonly lastWords: string;
  /** The kernel's out-of-memory killer struck in this container while the trainer ran. */
  readonly oomKilled: boolean;
}

/** V8's own words, and an allocator's, when memory runs out. */
const OUT_OF_MEMORY = /heap out of memory|allocation failed|cannot allocate memory|std::bad_alloc/i;

/** Says why a trainer ended without a last message. */
export function classifyExit({ code, signal, lastWords, oomKilled }: Exit): Failure {
  if (oomKilled || OUT_OF_MEMORY.test(lastWords)) {
    const message = 'The trainer ran out of memory; a smaller batch or model needs less';
    return { code: 'outOfMemory', message, retryable: false };
  }
  if (signal) {
    return { code: 'trainerKilled', message: `The trainer was ended by ${signal}`, retryable: true };
  }
  const message = `The trainer ended with exit code ${code} and no word why; see trainer.log`;
  return { code: 'bug', message, retryable: false };
}
