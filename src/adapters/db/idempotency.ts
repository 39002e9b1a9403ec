import type { IdempotentAnswer, IdempotentRequest } from '../../jobs/ports.ts';
import { toJson } from './json.ts';
import type { Session } from './session.ts';

/**
 * Runs `work` once for a key. The lock tells a twin at once that the first is still at work, rather than have
 * it wait; it goes with the transaction, so a process that dies leaves neither answer nor lock.
 */
export function once<T>(
  { atomically }: Session,
  { projectId, operation, key, fingerprint }: IdempotentRequest,
  work: (session: Session) => Promise<T>,
): Promise<IdempotentAnswer<T>> {
  return atomically(async (session) => {
    const { sql } = session;
    const [lock] = await sql.$queryRaw<{ held: boolean }[]>`
      SELECT pg_try_advisory_xact_lock(
        hashtextextended(${JSON.stringify(['idempotency', projectId, operation, key])}, 0)) AS held`;
    if (!lock?.held) return { kind: 'inFlight' };

    const id = { projectId, operation, key };
    const kept = await sql.idempotency.findUnique({ where: { projectId_operation_key: id } });
    if (kept) {
      if (kept.fingerprint !== fingerprint) return { kind: 'mismatch' };
      return { kind: 'replayed', answer: kept.answer as T };
    }
    const answer = await work(session);
    await sql.idempotency.create({ data: { ...id, fingerprint, answer: toJson(answer) } });
    return { kind: 'done', answer };
  });
}
