import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EventResource } from '../../src/spec/resource/event.ts';
import type { JobResource } from '../../src/spec/resource/job.ts';
import { query } from '../postgres-server.ts';
import type { Client } from './client.ts';
import type { Work } from './works.ts';

/** What became of a job, as far as twice the same job must make the same of it. */
export interface Outcome {
  readonly jobId: string;
  readonly status: string;
  readonly failure: string | null;
  /** A hash of its model's file; null where there is none. */
  readonly weights: string | null;
  /** Of each metric point its name, stage and step, and then its value. */
  readonly points: ReadonlyMap<string, string>;
  /** How each of its runs ended. */
  readonly runs: readonly string[];
  /** How often it ended, by its events, and how many models it has: once, and one. */
  readonly ends: number;
  readonly models: number;
  /** Events that its watcher didn't get, or got twice, or out of order. */
  readonly eventFaults: number;
}

const TRIES = 100;
const ENDS = new Set(['succeeded', 'failed', 'cancelled']);

/** Posts work under an idempotency key, and watches each of its jobs to its end. */
export async function carryOut(
  client: Client,
  databaseUrl: string,
  work: Work,
  key: string,
): Promise<Outcome[]> {
  const jobs = await work.post(`${work.name.replaceAll(' ', '-')}-${key}`);
  return Promise.all(
    jobs.map(async (jobId) => {
      const events = await client.watch(jobId);
      return readPatiently(() => readOutcome(client, databaseUrl, jobId, events));
    }),
  );
}

/** The judge's own connection to the database dies with the others. */
async function readPatiently<T>(read: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await read();
    } catch (error) {
      if (tries === TRIES) throw error;
      await sleep(200);
    }
  }
}

/** @param events what a watcher saw of it, to its end */
async function readOutcome(
  client: Client,
  databaseUrl: string,
  jobId: string,
  events: readonly EventResource[],
): Promise<Outcome> {
  const { status, failure } = await client.json<JobResource>(`/v1/jobs/${jobId}`);
  const points = await query<{ place: string; value: string }>(
    databaseUrl,
    `SELECT concat_ws('/', name, stage, step) AS place, value::text FROM metric WHERE job_id = '${jobId}'`,
  );
  const runs = await query<{ ended: string }>(
    databaseUrl,
    `SELECT concat_ws(', ', status, failure->>'code', failure->>'message') AS ended
     FROM run WHERE job_id = '${jobId}' ORDER BY fence`,
  );
  const [counts] = await query<{ models: number; events: number }>(
    databaseUrl,
    `SELECT (SELECT count(*)::int FROM model WHERE job_id = '${jobId}') AS models,
            (SELECT count(*)::int FROM event WHERE job_id = '${jobId}') AS events`,
  );
  const ends = events.filter(({ type, data }) => type === 'status' && ENDS.has(`${data.to}`)).length;
  const misplaced = events.filter(({ sequence }, i) => sequence !== i + 1).length;
  return {
    jobId,
    status,
    failure: failure && `${failure.code}: ${failure.message}`,
    weights: status === 'succeeded' ? await weightsOf(client, jobId) : null,
    points: new Map(points.map(({ place, value }) => [place, value])),
    runs: runs.map(({ ended }) => ended),
    ends,
    models: counts!.models,
    eventFaults: misplaced + Math.abs(counts!.events - events.length),
  };
}

async function weightsOf(client: Client, jobId: string): Promise<string> {
  const response = await client.ask(`/v1/jobs/${jobId}/artifacts/model.safetensors`);
  return createHash('sha256')
    .update(Buffer.from(await response.arrayBuffer()))
    .digest('hex');
}
