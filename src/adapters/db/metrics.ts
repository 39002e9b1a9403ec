import type { MetricStore } from '../../jobs/ports.ts';
import type { MetricRow } from '../../jobs/rows.ts';
import { Prisma } from './generated/client.ts';
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
     * Reads as much as it answers, however long the curves are. The curves are found by jumping from one key of the
     * index to the next. One of more than m points is cut into m ranges of steps, as equal as can be, of which the
     * last holds the last step alone; the first point of each stays, found by a look into the index.
     */
    read(jobId, { name = null, stage = null, maxPoints }) {
      const named = Prisma.sql`job_id = ${jobId} AND (${name}::text IS NULL OR name = ${name})`;
      const ofCurve = Prisma.sql`job_id = ${jobId} AND name = curve.name AND stage = curve.stage`;
      const most = Prisma.sql`${maxPoints}::int`;
      return sql.$queryRaw<MetricRow[]>`
        WITH RECURSIVE curve AS (
          (SELECT name, stage FROM metric WHERE ${named} ORDER BY name, stage, step LIMIT 1)
          UNION ALL
          SELECT next.name, next.stage FROM curve, LATERAL (
            SELECT name, stage FROM metric WHERE ${named} AND (name, stage) > (curve.name, curve.stage)
            ORDER BY name, stage, step LIMIT 1
          ) AS next
        )
        SELECT point.name, point.stage, point.epoch, point.step, point.value, point.run_id AS "runId"
        FROM curve,
          LATERAL (SELECT min(step)::bigint AS first, max(step)::bigint AS last FROM metric WHERE ${ofCurve}) AS ends,
          LATERAL (
            SELECT count(*) > ${most} AS long FROM (SELECT FROM metric WHERE ${ofCurve} LIMIT ${most} + 1) AS counted
          ) AS size,
          LATERAL (
            (SELECT * FROM metric WHERE ${ofCurve} AND NOT long ORDER BY step LIMIT ${most})
            UNION ALL
            SELECT kept.* FROM generate_series(1, ${most}) AS range,
              LATERAL (
                SELECT last - (${most} - range) * (last - first) / greatest(${most} - 1, 1) AS opens,
                  last - (${most} - range - 1) * (last - first) / greatest(${most} - 1, 1) AS closes
              ) AS bounds,
              LATERAL (
                SELECT * FROM metric WHERE ${ofCurve} AND step >= opens AND step < closes ORDER BY step LIMIT 1
              ) AS kept
            WHERE long
          ) AS point
        WHERE ${stage}::int IS NULL OR curve.stage = ${stage}
        ORDER BY name, stage, step`;
    },
  };
}
