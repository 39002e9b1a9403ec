import type { Store } from '../../jobs/ports.ts';
import type { Session } from './session.ts';

export function workerStore({ sql }: Session): Store['workers'] {
  return {
    async heartbeat(worker) {
      await sql.worker.upsert({ where: { id: worker.id }, create: worker, update: worker });
    },

    async remove(id) {
      await sql.worker.deleteMany({ where: { id } });
    },

    alive: (since) => sql.worker.findMany({ where: { heartbeatAt: { gte: since } }, orderBy: { id: 'asc' } }),
  };
}
