import type { Store } from '../../jobs/ports.ts';
import type { CheckpointRow } from '../../jobs/rows.ts';
import type { Checkpoint } from './generated/client.ts';
import type { Session } from './session.ts';

export function checkpointStore({ sql }: Session): Store['checkpoints'] {
  return {
    async insert(checkpoint) {
      await sql.checkpoint.create({ data: checkpoint });
    },

    async list(jobId) {
      const orderBy = [{ createdAt: 'desc' as const }, { id: 'desc' as const }];
      return (await sql.checkpoint.findMany({ where: { jobId }, orderBy })).map(toCheckpointRow);
    },

    async delete(ids) {
      await sql.checkpoint.deleteMany({ where: { id: { in: [...ids] } } });
    },
  };
}

function toCheckpointRow(row: Checkpoint): CheckpointRow {
  return { ...row, bytes: Number(row.bytes) };
}
