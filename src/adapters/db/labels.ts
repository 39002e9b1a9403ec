import { TrainyardError } from '../../jobs/errors.ts';
import { Prisma } from './generated/client.ts';

/**
 * The condition that a row has a label; none where it isn't asked for. What a JSON column contains is what its index can
 * answer, and what Prisma can't ask.
 * @param label `key:value` or `key=value`, split at the first of either
 * @throws TrainyardError invalidRequest for a label of another form
 */
export function withLabel(label: string | undefined): Prisma.Sql[] {
  if (label === undefined) return [];
  const [, key, value] = /^([^:=]+)[:=](.*)$/s.exec(label) ?? [];
  if (key === undefined || value === undefined) {
    throw new TrainyardError('invalidRequest', 'A label filter has the form key:value');
  }
  return [Prisma.sql`labels @> ${JSON.stringify({ [key]: value })}::jsonb`];
}
