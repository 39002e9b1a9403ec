import pg from 'pg';
import { JobSpec } from '../src/spec/job.ts';

/** A service that has run for years, made in a minute: rows as the store writes them, by generate_series. */

export interface Amount {
  /** Ended jobs, each with a run, events, an artifact, a checkpoint and a model. */
  readonly jobs: number;
  /** In all; a tenth of them is one curve. */
  readonly metrics: number;
  /** Jobs that are queued besides. */
  readonly queued?: number;
}

/** Jobs with curves; the first three have one curve each, of a tenth, a hundredth and a ten-thousandth of all rows. */
const JOBS_WITH_CURVES = 2_000;
const CURVES = ['loss', 'val_loss', 'accuracy', 'val_accuracy'];

/** Of the usual size: one or two thousand characters. */
const SPEC = JobSpec.parse({
  data: { dataset: `ds_${'0'.repeat(26)}`, target: 'y' },
  model: {
    layers: Array.from({ length: 5 }, () => ({ type: 'dense', units: 16, activation: 'relu' })),
  },
  stages: [{ epochs: 10 }, { epochs: 20 }],
});

/** The id of the n-th job, from 1 on. */
export function jobId(n: number): string {
  return `job_${String(n).padStart(26, '0')}`;
}

/** Fills a migrated database that is otherwise empty, into the project `projectId`. */
export async function fillWithRows(
  url: string,
  projectId: string,
  { jobs, metrics, queued = 0 }: Amount,
): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    // The rows are in order: their foreign keys needn't be looked up one by one.
    await client.query('SET session_replication_role = replica; SET synchronous_commit = off');
    await client.query(`SET maintenance_work_mem = '512MB'`);
    await client.query(jobRows(projectId, jobs), [JSON.stringify(SPEC)]);
    await client.query(rowsOfJobs());
    // An index is made in a fifth of the time in which it grows.
    await client.query('ALTER TABLE metric DROP CONSTRAINT metric_pkey');
    await client.query(metricRows(metrics));
    await client.query(
      'ALTER TABLE metric ADD CONSTRAINT metric_pkey PRIMARY KEY (job_id, name, stage, step)',
    );
    await client.query(queuedRows(queued));
    // One by one: no VACUUM stands in a transaction.
    for (const table of ['job', 'run', 'event', 'metric', 'checkpoint', 'artifact', 'model'])
      await client.query(`VACUUM ANALYZE ${table}`);
  } finally {
    await client.end();
  }
}

/** A minute apart, the last one now; one in a thousand has a rare name and label. */
function jobRows(projectId: string, jobs: number): string {
  return `
    INSERT INTO job (id, project_id, dataset_id, name, labels, spec, priority, status, failure, attempt, faults, fence,
      progress, metrics, model_id, created_at, queued_at, started_at, finished_at, version, event_sequence)
    SELECT 'job_' || lpad(n::text, 26, '0'), '${projectId}', 'ds_' || lpad((n % 50)::text, 26, '0'),
      CASE WHEN n % 1000 = 7 THEN 'rare' ELSE 'job ' || n % 20 END,
      jsonb_build_object('team', 'team ' || n % 20, 'kind', CASE WHEN n % 1000 = 7 THEN 'rare' ELSE 'common' END),
      $1::json, 0,
      (ARRAY['succeeded', 'succeeded', 'succeeded', 'failed', 'cancelled'])[n % 5 + 1], NULL, 1, 0, 1,
      1, '{"loss": 0.5}', 'mdl_' || lpad(n::text, 26, '0'), at, at, at, at + interval '30 seconds', 20, 5
    FROM generate_series(1, ${jobs}) AS n, LATERAL (SELECT now() - (${jobs} - n) * interval '1 minute') AS t(at)`;
}

/** As the latest jobs are, but queued. */
function queuedRows(queued: number): string {
  return `
    INSERT INTO job (id, project_id, dataset_id, name, labels, spec, priority, status, attempt, faults, fence, progress,
      metrics, created_at, queued_at, version, event_sequence)
    SELECT replace(id, 'job_0', 'job_1'), project_id, dataset_id, name, labels, spec, 0, 'queued', 1, 0, 0, 0,
      '{}', created_at, queued_at, 1, 0
    FROM job ORDER BY id DESC LIMIT ${queued}`;
}

function rowsOfJobs(): string {
  return `
    INSERT INTO run (id, job_id, attempt, fence, status, worker_id, heartbeat_at, started_at, finished_at)
    SELECT 'run_' || id, id, 1, 1, 'succeeded', 'wrk_1', finished_at, started_at, finished_at FROM job;
    INSERT INTO event (id, job_id, sequence, type, data, created_at)
    SELECT 'evt_' || id || n, id, n, 'epoch', '{"epoch": 1, "metrics": {"loss": 0.5}}', created_at
    FROM job, generate_series(1, 5) AS n;
    INSERT INTO checkpoint (id, job_id, run_id, stage, epoch, step, blob_key, bytes, created_at)
    SELECT 'ckp_' || id, id, 'run_' || id, 1, 10, 100, 'checkpoint ' || id, 1000, finished_at FROM job;
    INSERT INTO artifact (id, job_id, name, media_type, blob_key, bytes, created_at)
    SELECT 'art_' || id, id, 'model.safetensors', 'application/octet-stream', 'model ' || id, 1000, finished_at FROM job;
    INSERT INTO model (id, project_id, job_id, dataset_id, name, version, inputs, parameters, stochastic, blob_key, bytes,
      evaluation, created_at)
    SELECT model_id, project_id, id, dataset_id, name, row_number() OVER (PARTITION BY name ORDER BY id), '{x}', 100,
      false, 'model ' || id, 1000, '{}', finished_at FROM job`;
}

function metricRows(metrics: number): string {
  const single = [metrics / 10, metrics / 100, metrics / 10_000].map(Math.round);
  const rest = metrics - single.reduce((sum, length) => sum + length);
  const each = Math.ceil(rest / (JOBS_WITH_CURVES - single.length) / CURVES.length);
  return `
    INSERT INTO metric (job_id, name, stage, step, epoch, value, run_id)
    SELECT job.id, curve.name, 1, step, step / 100 + 1, exp(-step::float8 / 1e5) + 0.1 * sin(step), 'run_' || job.id
    FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM job ORDER BY id LIMIT ${JOBS_WITH_CURVES}) AS job,
      unnest(ARRAY['${CURVES.join("','")}']) WITH ORDINALITY AS curve(name, place),
      generate_series(1, CASE WHEN n <= ${single.length} THEN (ARRAY[${single}])[n] ELSE ${each} END) AS step
    WHERE n > ${single.length} OR curve.place = 1`;
}
