import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createQueue } from '../../src/adapters/queue/create-queue.ts';
import { createJobService } from '../../src/jobs/job-service.ts';
import type { RunService } from '../../src/jobs/run-service.ts';
import { createSweeper } from '../../src/jobs/sweeper.ts';
import { JobSpec, type JobSpecInput } from '../../src/spec/job.ts';
import { lineTo } from '../outage.ts';
import { TestService } from './service.ts';

/** Who may run a job, and who puts it back into the queue: on a real Postgres, without a trainer. */

let service: TestService;
let runs: RunService;
let projectId: string;
let spec: JobSpecInput;

beforeAll(async () => {
  service = await TestService.start();
  runs = service.runs;
  const uploaded = await service.upload('concrete.csv');
  projectId = uploaded.projectId;
  spec = {
    data: { dataset: uploaded.datasetId, target: 'strength' },
    model: { layers: [{ type: 'dense', units: 4, activation: 'relu' }] },
    stages: [{ epochs: 1 }],
  };
});
afterAll(() => service.stop());

/** Seen from then, every worker has been silent for too long. */
const silence = () => new Date(Date.now() + 60_000);

describe('claiming', () => {
  it('gives a job to one worker only, whatever the queue says twice', async () => {
    const job = await service.create(projectId, spec);
    const message = { jobId: job.id, attempt: 1 };
    const claims = await Promise.all(['wrk_a', 'wrk_b', 'wrk_c'].map((id) => runs.claim(message, id)));
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
    expect(await runs.claim(message, 'wrk_d')).toBeNull();
    expect(await service.context.store.runs.list(job.id)).toHaveLength(1);
  });

  it('and cancelling exclude each other', async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const { id } = await service.create(projectId, spec);
        const [claim, cancelled] = await Promise.all([
          runs.claim({ jobId: id, attempt: 1 }, 'wrk_a'),
          service.context.jobs.cancel(projectId, id),
        ]);
        return `${claim ? 'claimed' : 'refused'}, ${cancelled.status}`;
      }),
    );
    expect(outcomes.filter((it) => it !== 'claimed, cancelling' && it !== 'refused, cancelled')).toEqual([]);
  });

  it('gives up a silent run, and the job once its retries are used up', async () => {
    const job = await service.create(projectId, { ...spec, retries: 1 });
    const { store } = service.context;
    for (const attempt of [1, 2]) {
      const claim = (await runs.claim({ jobId: job.id, attempt }, 'wrk_a'))!;
      expect(claim.run.fence).toBeGreaterThan(job.fence);
      expect(await runs.giveUpLost(job.id, new Date(0))).toBe(false);
      expect(await runs.giveUpLost(job.id, silence())).toBe(true);
      expect(await store.runs.heartbeat(claim.run.id, claim.run.fence)).toBeNull();
    }
    expect(await runs.giveUpLost(job.id, silence())).toBe(false);
    expect(await store.jobs.get(job.id)).toMatchObject({
      status: 'failed',
      faults: 2,
      failure: { code: 'workerLost' },
    });
    expect((await store.runs.list(job.id)).map(({ status }) => status)).toEqual(['lost', 'lost']);
  });
});

describe('a queue that is away', () => {
  it('hinders no job from being taken, nor cancelled', async () => {
    const { store, blobs, limits, config } = service.context;
    const line = await lineTo(config.databaseUrl!);
    const queue = await createQueue({ databaseUrl: line.url, onError: () => {} });
    const untold: string[] = [];
    const onQueueError = (_: unknown, jobId: string) => untold.push(jobId);
    const jobs = createJobService({ store, queue, blobs, limits, onQueueError });
    await line.cut();
    const { row } = await jobs.create(projectId, JobSpec.parse(spec));
    expect(row.status).toBe('queued');
    expect((await jobs.cancel(projectId, row.id)).status).toBe('cancelled');
    expect(untold).toEqual([row.id, row.id]);
    await queue.close();
  });
});

describe('the sweeper', () => {
  it('queues what was committed and never queued, and several of them do no harm', async () => {
    const { store, config } = service.context;
    const job = await service.create(projectId, spec);
    const waiting = { jobId: job.id, attempt: 1 };
    await service.context.queue.remove(waiting);
    await store.transaction(async (inside) => {
      await inside.jobs.lock(job.id);
      await inside.jobs.setProgress(job.id, 0, { queuedAt: new Date(Date.now() - 60_000) });
    });
    const { queue, limits } = service.context;
    const sweeper = createSweeper({ store, queue, runs, limits, leaseMs: config.timings.leaseMs });
    await Promise.all([sweeper.sweep(), sweeper.sweep(), sweeper.sweep()]);
    const handed: string[] = [];
    const consumer = queue.consume(async ({ jobId }) => void handed.push(jobId));
    await vi.waitUntil(() => handed.includes(job.id), { timeout: 10_000 });
    await sleep(200);
    await consumer.close();
    expect(handed.filter((id) => id === job.id)).toHaveLength(1);
    const sweeps = (await store.events.list(job.id, 0, 100)).filter(({ type }) => type === 'sweep');
    const { data } = sweeps[0]!;
    expect(data).toEqual({ action: 'requeued', attempt: 1, reason: 'its message was not in the queue' });
  });

  it('ends a cancelled job whose worker is gone', async () => {
    const job = await service.create(projectId, spec);
    await runs.claim({ jobId: job.id, attempt: 1 }, 'wrk_gone');
    await service.context.jobs.cancel(projectId, job.id);
    const { store, queue, limits } = service.context;
    const sweeper = createSweeper({ store, queue, runs, limits, leaseMs: 1 });
    const cancelled = async () => {
      await sweeper.sweep();
      return (await store.jobs.get(job.id))!.status === 'cancelled';
    };
    await vi.waitUntil(cancelled, { timeout: 10_000 });
    const [run] = await store.runs.list(job.id);
    expect(run!.status).toBe('lost');
    const sweeps = (await store.events.list(job.id, 0, 100)).filter(({ type }) => type === 'sweep');
    expect(sweeps.map(({ data }) => data)).toEqual([
      {
        action: 'gaveUp',
        runId: run!.id,
        workerId: 'wrk_gone',
        reason: expect.stringMatching(/^its worker has been silent for \d+ s$/),
      },
    ]);
  });
});
