import { describe, expect, it } from 'vitest';
import { classifyExit } from '../../../apps/worker/classify-exit.ts';

const exit = { code: null, signal: null, lastWords: '', oomKilled: false };

describe('a trainer that ended without a word', () => {
  it.each([
    [{ signal: 'SIGKILL' as const }, 'trainerKilled', true],
    [{ signal: 'SIGSEGV' as const }, 'trainerKilled', true],
    [{ signal: 'SIGKILL' as const, oomKilled: true }, 'outOfMemory', false],
    [
      { signal: 'SIGABRT' as const, lastWords: 'FATAL ERROR: … JavaScript heap out of memory' },
      'outOfMemory',
      false,
    ],
    [{ code: 134, lastWords: 'RangeError: Array buffer allocation failed' }, 'outOfMemory', false],
    [{ code: 1, lastWords: 'TypeError: x is not a function' }, 'bug', false],
  ])('%o is %s', (how, code, retryable) => {
    expect(classifyExit({ ...exit, ...how })).toMatchObject({ code, retryable });
  });

  it('does not show its last words to the user', () => {
    const { message } = classifyExit({ ...exit, code: 1, lastWords: 'Error at /secret/path.ts' });
    expect(message).not.toContain('secret');
  });
});
