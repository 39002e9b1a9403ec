import type { MetricStore } from '../../jobs/ports.ts';
import type { MetricRow } from '../../jobs/rows.ts';
import type { Session } from './session.ts';

export function metricStore({ sql }: Session): MetricStore {
  return {
    async deleteAfter(jobId, { stage, step }) {
      const after = [{ stage: { gt: stage } }, { stage, step: { gt: step } }];
      await sql.metric.deleteMany({ where: { jobId, OR: after } });
    },

    /**
     * `fenced` holds the job's row, so that the fence can't move before the points are committed. Of a point
     * that stands twice in the batch the last counts. Values go as text: the driver turns NaN into null, and
     * Postgres reads JavaScript's notation of every double exactly.
     */
    async write(jobId, runId, fence, points) {
      const [answer] = await sql.$queryRaw<{ current: boolean }[]>`
        WITH fenced AS (SELECT id FROM job WHERE id = ${jobId} AND fence = ${fence} FOR SHARE),
        written AS (
          INSERT INTO metric (job_id, name, stage, step, epoch, value, run_id)
          SELECT DISTINCT ON (name, stage, step) fenced.id, name, stage, step, epoch, value::float8, ${runId}
          FROM fenced, unnest(
            ${points.map((point) => point.name)}::text[],
            ${points.map((point) => point.stage)}::int[],
            ${points.map((point) => point.step)}::int[],
            ${points.map((point) => point.epoch)}::int[],
            ${points.map((point) => String(point.value))}::text[]
          ) WITH ORDINALITY AS point (name, stage, step, epoch, value, place)
          ORDER BY name, stage, step, place DESC
          ON CONFLICT (job_id, name, stage, step)
          DO UPDATE SET epoch = excluded.epoch, value = excluded.value, run_id = excluded.run_id
        )
        SELECT EXISTS (SELECT FROM fenced) AS current`;
      return answer?.current ?? false;
    },

    /**
     * Thins each curve of n points to m: its rows fall into m buckets, the first row alone into bucket 0 and
     * the last alone into bucket m − 1, and the row that opens a bucket stays.
     */
    read(jobId, { name, stage, maxPoints }) {
      return sql.$queryRaw<MetricRow[]>`
        SELECT name, stage, epoch, step, value, run_id AS "runId" FROM (
          SELECT *,
            row_number() OVER curve - 1 AS place,
            count(*) OVER (PARTITION BY name, stage) - 1 AS last,
            ${maxPoints}::int - 1 AS buckets
          FROM metric
          WHERE job_id = ${jobId}
            AND (${name ?? null}::text IS NULL OR name = ${name ?? null})
            AND (${stage ?? null}::int IS NULL OR stage = ${stage ?? null})
          WINDOW curve AS (PARTITION BY name, stage ORDER BY step)
        ) AS point
        WHERE place = last
          OR (buckets > 0 AND (place = 0 OR place * buckets / nullif(last, 0) > (place - 1) * buckets / nullif(last, 0)))
        ORDER BY name, stage, step`;
    },
  };
}
