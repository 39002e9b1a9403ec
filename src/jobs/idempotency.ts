import { createHash } from 'node:crypto';
import { TrainyardError } from './errors.ts';
import type { IdempotentAnswer } from './ports.ts';

const RETRY_AFTER_SECONDS = 1;

/** What a request asks for, as a hash: a key that comes back with another one was used for something else. */
export function fingerprint(request: unknown): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}

/** @throws TrainyardError idempotencyMismatch, idempotencyInFlight */
export function settled<T>(answer: IdempotentAnswer<T>): { answer: T; replayed: boolean } {
  switch (answer.kind) {
    case 'mismatch':
      throw new TrainyardError('idempotencyMismatch', 'Use a new Idempotency-Key for another request');
    case 'inFlight':
      throw new TrainyardError('idempotencyInFlight', 'The first request with this key is still at work', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });
    default:
      return { answer: answer.answer, replayed: answer.kind === 'replayed' };
  }
}
