import type { StageStore } from '../../jobs/ports.ts';
import type { StageRow } from '../../jobs/rows.ts';
import type { Session } from './session.ts';

export function stageStore({ sql }: Session): StageStore {
  return {
    async begin({ jobId, runId, stage, name, objective, epochs, stepsPerEpoch }, fence) {
      // Holds the job's row, so that the fence can't move before this is committed. A stage that another run
      // began goes on: it keeps its start.
      const count = await sql.$executeRaw`
        WITH fenced AS (SELECT id FROM job WHERE id = ${jobId} AND fence = ${fence} FOR SHARE)
        INSERT INTO stage (job_id, stage, run_id, name, objective, epochs, steps_per_epoch, steps, status, started_at)
        SELECT id, ${stage}::int, ${runId}, ${name}, ${objective}, ${epochs}::int, ${stepsPerEpoch}::int, 0,
          'running', now() FROM fenced
        ON CONFLICT (job_id, stage) DO UPDATE SET run_id = excluded.run_id, name = excluded.name,
          objective = excluded.objective, epochs = excluded.epochs, steps_per_epoch = excluded.steps_per_epoch,
          status = excluded.status, finished_at = NULL`;
      return count === 1;
    },

    async finish(jobId, fence, stage, status, steps) {
      const count = await sql.$executeRaw`
        WITH fenced AS (SELECT id FROM job WHERE id = ${jobId} AND fence = ${fence} FOR SHARE)
        UPDATE stage SET status = ${status}, steps = ${steps}::int, finished_at = now() FROM fenced
        WHERE job_id = fenced.id AND stage = ${stage}::int`;
      return count === 1;
    },

    async deleteAfter(jobId, stage) {
      await sql.stage.deleteMany({ where: { jobId, stage: { gt: stage } } });
    },

    async list(jobId) {
      const rows = await sql.stage.findMany({ where: { jobId }, orderBy: { stage: 'asc' } });
      return rows.map((row) => ({ ...row, status: row.status as StageRow['status'] }));
    },
  };
}
