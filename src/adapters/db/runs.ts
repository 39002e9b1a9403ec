import type { RunStore } from '../../jobs/ports.ts';
import type { RunRow } from '../../jobs/rows.ts';
import type { JobStatus } from '../../spec/resource/job.ts';
import type { Run } from './generated/client.ts';
import { toNullableJson } from './json.ts';
import type { Session } from './session.ts';

export function runStore({ sql }: Session): RunStore {
  return {
    async insert(run) {
      await sql.run.create({ data: { ...run, failure: toNullableJson(run.failure) } });
    },

    async list(jobId) {
      const rows = await sql.run.findMany({ where: { jobId }, orderBy: { fence: 'asc' } });
      return rows.map(toRunRow);
    },

    async heartbeat(runId, fence) {
      // The server's clock, which all workers share.
      const [job] = await sql.$queryRaw<{ status: JobStatus }[]>`
        UPDATE run SET heartbeat_at = now() FROM job
        WHERE run.id = ${runId} AND run.fence = ${fence} AND run.status = 'running'
          AND job.id = run.job_id AND job.fence = run.fence
        RETURNING job.status`;
      return job?.status ?? null;
    },

    async setDevice(runId, device, resumedFromStep) {
      await sql.run.update({ where: { id: runId }, data: { device, resumedFromStep } });
    },

    async finish(runId, status, failure) {
      await sql.run.updateMany({
        where: { id: runId, status: 'running' }, // a run that was given up as lost stays lost
        data: { status, failure: toNullableJson(failure), finishedAt: new Date() },
      });
    },

    async finishRunning(jobId, status) {
      await sql.run.updateMany({
        where: { jobId, status: 'running' },
        data: { status, finishedAt: new Date() },
      });
    },
  };
}

function toRunRow(row: Run): RunRow {
  return { ...row, status: row.status as RunRow['status'], failure: row.failure as RunRow['failure'] };
}
