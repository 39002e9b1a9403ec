import { createHash } from 'node:crypto';
import { TrainyardError } from './errors.ts';
import type { IdempotentAnswer, IdempotentRequest, Store } from './ports.ts';

const RETRY_AFTER_SECONDS = 1;

/** What a request asks for, as a hash: a key that comes back with another one was used for something else. */
export function fingerprint(request: unknown): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('hex');
}

/**
 * Does `work` in a transaction; under a key only once, and what it answered the first time is answered again.
 * @param content what the request asks for
 * @throws TrainyardError idempotencyMismatch, idempotencyInFlight
 */
export async function onceAKey<T>(
  store: Store,
  { key, content, ...request }: Asked,
  work: (inside: Store) => Promise<T>,
): Promise<{ answer: T; replayed: boolean }> {
  if (key === undefined) return { answer: await store.transaction(work), replayed: false };
  return settled(await store.idempotent({ ...request, key, fingerprint: fingerprint(content) }, work));
}

type Asked = Pick<IdempotentRequest, 'projectId' | 'operation'> & {
  readonly key: string | undefined;
  readonly content: unknown;
};

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
