import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JobSpecInput } from '../../src/spec/job.ts';
import { TestService } from '../integration/service.ts';
import { isAlive, trainerOf } from '../processes.ts';
import { regression } from './specs.ts';

let service: TestService;
let worker: ChildProcess;
let projectId: string;
let spec: JobSpecInput;

beforeAll(async () => {
  service = await TestService.start();
  worker = await service.startWorker();
  const uploaded = await service.upload('concrete.csv');
  projectId = uploaded.projectId;
  spec = regression(uploaded.datasetId, 60);
});
afterAll(() => service.stop());

async function modelHash(modelId: string): Promise<string> {
  const model = (await service.context.store.models.get(modelId, projectId))!;
  const path = await service.context.blobs.localPath(model.blobKey);
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

/** Trains the job, doing something to its processes once it is `step` steps far. */
async function train(disturb?: { atStep: number; act(): Promise<void> }) {
  const job = await service.create(projectId, spec);
  if (disturb) {
    await service.until(job.id, ({ step }) => (step ?? 0) >= disturb.atStep);
    await disturb.act();
  }
  const ended = await service.untilEnded(job.id);
  expect(ended).toMatchObject({ status: 'succeeded', failure: null });
  const { store } = service.context;
  const runs = await store.runs.list(job.id);
  const losses = await store.metrics.read(job.id, { name: 'step_loss', maxPoints: 100_000 });
  const events = await store.events.list(job.id, 0, 10_000);
  return { job: ended, runs, losses, events, hash: await modelHash(ended.modelId!) };
}

describe('a job whose processes are killed', () => {
  it('ends with the weights and the metrics of an undisturbed one', async () => {
    const straight = await train();
    expect(straight.runs.map(({ status }) => status)).toEqual(['succeeded']);

    const trainerKilled = await train({
      atStep: 300,
      act: async () => {
        const trainer = await trainerOf(worker);
        process.kill(trainer, 'SIGKILL');
        await vi.waitUntil(() => !isAlive(trainer));
      },
    });
    expect(trainerKilled.runs.map(({ status }) => status)).toEqual(['failed', 'succeeded']);
    expect(trainerKilled.runs[0]!.failure).toMatchObject({ code: 'trainerKilled', retryable: true });

    const workerKilled = await train({
      atStep: 600,
      act: async () => {
        worker.kill('SIGKILL');
        worker = await service.startWorker();
      },
    });
    expect(workerKilled.runs.map(({ status }) => status)).toEqual(['lost', 'succeeded']);

    for (const disturbed of [trainerKilled, workerKilled]) {
      expect(disturbed.runs[1]!.resumedFromStep).toBeGreaterThan(0);
      expect(disturbed.hash).toBe(straight.hash);
      const curve = (run: typeof straight) => run.losses.map(({ step, value }) => [step, value]);
      expect(curve(disturbed)).toEqual(curve(straight));
      const sequences = disturbed.events.map(({ sequence }) => sequence);
      expect(sequences).toEqual(sequences.map((_, i) => i + 1));
    }
  }, 120_000);

  it('fails for good once its retries are used up', async () => {
    const job = await service.create(projectId, { ...spec, retries: 1 });
    for (const runsBefore of [1, 2]) {
      await service.until(job.id, async ({ status, step }) => {
        const runs = await service.context.store.runs.list(job.id);
        return (
          status === 'running' && runs.length === runsBefore && runs.at(-1)!.device !== null && step !== null
        );
      });
      process.kill(await trainerOf(worker), 'SIGKILL');
      await service.until(
        job.id,
        async () => (await service.context.store.runs.list(job.id))[runsBefore - 1]!.status === 'failed',
      );
    }
    const ended = await service.untilEnded(job.id);
    expect(ended).toMatchObject({ status: 'failed', faults: 2, failure: { code: 'trainerKilled' } });
  }, 60_000);
});

describe('a worker that hangs for longer than its lease', () => {
  it('writes nothing more when it wakes up and finds its job taken over', async () => {
    const { store } = service.context;
    const job = await service.create(projectId, spec);
    const trained = await service.until(job.id, ({ step }) => (step ?? 0) > 100);
    const hung = worker;
    const hungTrainer = await trainerOf(hung);
    hung.kill('SIGSTOP');
    worker = await service.startWorker();
    await service.untilEnded(job.id);
    const left = await everythingOf(job.id);
    expect(left.runs.map(({ status }) => status)).toEqual(['lost', 'succeeded']);
    expect(left.runs[1]!.fence).toBeGreaterThan(trained.fence);

    hung.kill('SIGCONT');
    await vi.waitUntil(() => !isAlive(hungTrainer), { timeout: 10_000 });
    const exit = new Promise((resolve) => hung.once('exit', (code) => resolve(code)));
    hung.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(await everythingOf(job.id)).toEqual(left);

    async function everythingOf(jobId: string) {
      return {
        job: await store.jobs.get(jobId),
        runs: await store.runs.list(jobId),
        events: await store.events.list(jobId, 0, 10_000),
        metrics: await store.metrics.read(jobId, { maxPoints: 100_000 }),
        checkpoints: await store.checkpoints.list(jobId),
        artifacts: await store.artifacts.list(jobId),
      };
    }
  }, 60_000);
});

describe('a job that is cancelled', () => {
  it('stops with a checkpoint, well within 10 s', async () => {
    const job = await service.create(projectId, { ...spec, stages: [{ epochs: 100_000 }] });
    await service.until(job.id, ({ step }) => (step ?? 0) > 100);
    const askedAt = Date.now();
    expect((await service.context.jobs.cancel(projectId, job.id)).status).toBe('cancelling');
    const ended = await service.untilEnded(job.id);
    expect(Date.now() - askedAt).toBeLessThan(10_000);
    expect(ended).toMatchObject({ status: 'cancelled', failure: null });
    const [newest] = await service.context.store.checkpoints.list(job.id);
    expect(newest!.step).toBeGreaterThanOrEqual(ended.step!);
    expect((await service.context.store.runs.list(job.id))[0]!.status).toBe('stopped');
  });

  it('ends at once while it is queued', async () => {
    const first = await service.create(projectId, { ...spec, stages: [{ epochs: 100_000 }] });
    const second = await service.create(projectId, spec);
    expect((await service.context.jobs.cancel(projectId, second.id)).status).toBe('cancelled');
    await service.context.jobs.cancel(projectId, first.id);
    await service.untilEnded(first.id);
    expect(await service.context.store.runs.list(second.id)).toEqual([]);
  });
});

describe('a worker that is asked to end', () => {
  it('checkpoints its job, gives it back, and another goes on', async () => {
    const job = await service.create(projectId, spec);
    await service.until(job.id, ({ step }) => (step ?? 0) > 200);
    const exit = new Promise((resolve) => worker.once('exit', (code) => resolve(code)));
    worker.kill('SIGTERM');
    expect(await exit).toBe(0);
    expect(await service.context.store.jobs.get(job.id)).toMatchObject({
      status: 'queued',
      faults: 0,
      attempt: 2,
    });
    worker = await service.startWorker();
    await service.untilEnded(job.id);
    const runs = await service.context.store.runs.list(job.id);
    expect(runs.map(({ status }) => status)).toEqual(['stopped', 'succeeded']);
    expect(runs[1]!.resumedFromStep).toBeGreaterThan(200);
  }, 60_000);
});
