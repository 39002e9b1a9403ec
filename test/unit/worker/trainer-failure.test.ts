import { describe, expect, it } from 'vitest';
import { failureOf, isTheJobs } from '../../../apps/worker/trainer-failure.ts';
import { DataError } from '../../../src/data/data-error.ts';

const named = (name: string, message: string) => Object.assign(new Error(message), { name });

describe('what an error inside a trainer means', () => {
  it.each([
    ['an array that is too long', new RangeError('Array buffer allocation failed')],
    ['a typed array that is too long', new RangeError('Invalid typed array length: 10000000000')],
    ['WebAssembly that has no memory left', named('RuntimeError', 'memory access out of bounds')],
    ['WebAssembly that gives up', named('RuntimeError', 'Aborted(). Build with -sASSERTIONS for more info.')],
  ])('is out of memory for %s', (_, error) => {
    expect(failureOf(error)).toMatchObject({ code: 'outOfMemory', retryable: false });
  });

  it.each(['ENOSPC', 'EDQUOT'])('is the storage’s, and says so, where the disk is full: %s', (code) => {
    const error = Object.assign(new Error(`${code}: no room`), { code, syscall: 'write' });
    expect(failureOf(error)).toEqual({
      code: 'storage',
      message: 'The disk is full: a file could not be written',
      retryable: true,
    });
  });

  it('is a bug for other errors, whose words are for us alone', () => {
    for (const error of [
      new RangeError('Invalid count value: -1'),
      named('RuntimeError', 'divide by zero'),
      'x',
    ])
      expect(failureOf(error)).toEqual({
        code: 'bug',
        message: expect.stringMatching(/log$/),
        retryable: false,
      });
  });

  it('is the job’s own for its data', () => {
    const failure = failureOf(new DataError('too few rows'));
    expect(failure).toEqual({ code: 'invalidData', message: 'too few rows', retryable: false });
    expect(isTheJobs(failure)).toBe(true);
  });
});
