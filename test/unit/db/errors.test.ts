import { describe, expect, it } from 'vitest';
import { toTrainyardError } from '../../../src/adapters/db/errors.ts';

describe('an error that says that the connection is gone', () => {
  const ofSocket = (code: string) => Object.assign(new Error(`write ${code}`), { code });

  it.each([
    new Error('Connection terminated unexpectedly'),
    new Error('Client has encountered a connection error and is not queryable'),
    new Error('Client was closed and is not queryable'),
    new Error('timeout exceeded when trying to connect'),
    ofSocket('EPIPE'),
    ofSocket('EHOSTUNREACH'),
  ])('may pass: $message', (error) => {
    expect(toTrainyardError(error)).toMatchObject({ code: 'unavailable', cause: error });
  });

  it('is none where it says something else', () => {
    const error = new Error('Client has lost patience');
    expect(toTrainyardError(error)).toBe(error);
  });
});
