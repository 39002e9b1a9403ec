import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, readFile, truncate, writeFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../apps/api/app.ts';
import type { JobRow } from '../../src/jobs/rows.ts';
import type { JobSpecInput } from '../../src/spec/job.ts';
import type { EventResource } from '../../src/spec/resource/event.ts';
import type { JobResource } from '../../src/spec/resource/job.ts';
import { trainerOf } from '../processes.ts';
import { SLOW_MODEL } from '../slow-model.ts';
import { TestService } from './service.ts';

/** Pausing, resuming and retrying over HTTP, with a built worker and its real trainer. */

let service: TestService;
let app: FastifyInstance;
let url: string;
let worker: ChildProcess;
let projectId: string;
let spec: JobSpecInput;
let straight: Outcome;

beforeAll(async () => {
  service = await TestService.start();
  app = await buildApp(service.context);
  url = await app.listen({ host: '127.0.0.1', port: 0 });
  worker = await service.startWorker();
  const uploaded = await service.upload('concrete.csv');
  projectId = uploaded.projectId;
  spec = {
    seed: 3,
    data: { dataset: uploaded.datasetId, target: 'strength' },
    model: SLOW_MODEL,
    stages: [
      { epochs: 10, optimizer: { type: 'nadam', learningRate: 0.002 } },
      { epochs: 40, optimizer: { type: 'adam', learningRate: 0.001 }, earlyStopping: { patience: 100 } },
    ],
    checkpoint: { everySteps: 50, keep: 6 },
  };
  const { id } = await send('/v1/jobs', spec);
  straight = await outcomeOf(id);
});
afterAll(async () => {
  await app.close();
  await service.stop();
});

async function send(path: string, body?: object): Promise<JobResource> {
  const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(url + path, { method: 'POST', ...(body && json) });
  const answer = await response.json();
  if (response.status !== 202) throw new Error(JSON.stringify(answer));
  return answer as JobResource;
}

interface Outcome {
  job: JobRow;
  hash: string;
  curve: [stage: number, step: number, value: number][];
  events: EventResource[];
}

/** What a job has come to once it has succeeded. */
async function outcomeOf(id: string): Promise<Outcome> {
  const job = await service.until(id, ({ status }) => status === 'succeeded');
  const { store, blobs } = service.context;
  const model = (await store.models.get(job.modelId!, projectId))!;
  const content = await readFile(await blobs.localPath(model.blobKey));
  const losses = await store.metrics.read(id, { name: 'step_loss', maxPoints: 100_000 });
  const events = await fetch(`${url}/v1/jobs/${id}/events?limit=200`);
  const { data } = (await events.json()) as { data: EventResource[] };
  return {
    job,
    hash: createHash('sha256').update(content).digest('hex'),
    curve: losses.map(({ stage, step, value }) => [stage, step, value]),
    events: data,
  };
}

/** A job that has come so far in its second stage. */
async function trainTo(step: number): Promise<string> {
  const { id } = await send('/v1/jobs', spec);
  await service.until(id, (job) => job.stage === 2 && (job.step ?? 0) >= step);
  return id;
}

async function pausedAt(step: number): Promise<string> {
  const id = await trainTo(step);
  expect((await send(`/v1/jobs/${id}/pause`)).status).toBe('pausing');
  await service.until(id, ({ status }) => status === 'paused');
  return id;
}

function expectAsUndisturbed(outcome: Outcome): void {
  expect(outcome.hash).toBe(straight.hash);
  expect(outcome.curve).toEqual(straight.curve);
  const sequences = outcome.events.map(({ sequence }) => sequence);
  expect(sequences).toEqual(sequences.map((_, i) => i + 1));
}

const runsOf = (id: string) => service.context.store.runs.list(id);
const dataOf = (events: EventResource[], type: string) =>
  events.filter((event) => event.type === type).map(({ data }) => data);

describe('a job that is paused in the middle and resumed', () => {
  it('ends with the weights and the metrics of an undisturbed one', async () => {
    const id = await pausedAt(200);
    const [newest] = await service.context.store.checkpoints.list(id);
    const job = (await service.context.store.jobs.get(id))!;
    expect(newest!.stage).toBe(2);
    expect(newest!.step).toBeGreaterThanOrEqual(job.step!);
    await send(`/v1/jobs/${id}/resume`);
    expectAsUndisturbed(await outcomeOf(id));
    const runs = await runsOf(id);
    expect(runs.map(({ status }) => status)).toEqual(['stopped', 'succeeded']);
    expect(runs[1]!.resumedFromStep).toBe(newest!.step);
  }, 60_000);

  it('stands still within the grace even where its trainer hangs', async () => {
    const id = await trainTo(100);
    const trainer = await trainerOf(worker);
    process.kill(trainer, 'SIGSTOP');
    const askedAt = Date.now();
    await send(`/v1/jobs/${id}/pause`);
    await service.until(id, ({ status }) => status === 'paused');
    expect(Date.now() - askedAt).toBeLessThan(6_000);
    await send(`/v1/jobs/${id}/resume`);
    expectAsUndisturbed(await outcomeOf(id));
  }, 60_000);
});

describe('a job that was cancelled and is retried', () => {
  async function cancelledAt(step: number): Promise<string> {
    const id = await trainTo(step);
    await send(`/v1/jobs/${id}/cancel`);
    await service.until(id, ({ status }) => status === 'cancelled');
    return id;
  }

  it('from its last checkpoint ends as an undisturbed one, with one end an attempt', async () => {
    const id = await cancelledAt(200);
    await send(`/v1/jobs/${id}/retry`);
    const outcome = await outcomeOf(id);
    expectAsUndisturbed(outcome);
    const ends = dataOf(outcome.events, 'status').filter(({ to }) => /cancelled|succeeded/.test(String(to)));
    expect(ends.map(({ to, attempt }) => [to, attempt])).toEqual([
      ['cancelled', 1],
      ['succeeded', 2],
    ]);
  }, 60_000);

  it('from an older checkpoint does so too', async () => {
    const id = await cancelledAt(300);
    const from = (await service.context.store.checkpoints.list(id))[3]!;
    await send(`/v1/jobs/${id}/retry`, { checkpoint: from.id });
    expectAsUndisturbed(await outcomeOf(id));
    expect((await runsOf(id))[1]!.resumedFromStep).toBe(from.step);
  }, 60_000);

  it('from the start does so too', async () => {
    const id = await cancelledAt(50);
    await send(`/v1/jobs/${id}/retry`, { from: 'start' });
    expectAsUndisturbed(await outcomeOf(id));
    expect((await runsOf(id))[1]!.resumedFromStep).toBeNull();
  }, 60_000);
});

describe('a checkpoint whose file was damaged', () => {
  const cutOff = (path: string) => truncate(path, 1_000);
  const changed = async (path: string) => {
    const content = await readFile(path);
    content[content.length - 1]! ^= 1;
    await chmod(path, 0o600);
    await writeFile(path, content);
  };

  it.each([
    ['cut off', cutOff],
    ['changed by one bit', changed],
  ])(
    '%s is passed over for the one before it, which is told',
    async (_, damage) => {
      const id = await pausedAt(200);
      const { store, blobs } = service.context;
      const [newest, before] = await store.checkpoints.list(id);
      await damage(await blobs.localPath(newest!.blobKey));
      await send(`/v1/jobs/${id}/resume`);
      const outcome = await outcomeOf(id);
      expectAsUndisturbed(outcome);
      const runs = await runsOf(id);
      expect(runs[1]!.resumedFromStep).toBe(before!.step);
      expect(runs.flatMap(({ failure }) => failure ?? [])).toEqual([]);
      expect(dataOf(outcome.events, 'warning')).toContainEqual({
        code: 'checkpointUnreadable',
        message: `The checkpoint ${newest!.id} (stage 2, step ${newest!.step}) isn’t what was stored: its file is cut off or was changed; the one before it is tried`,
      });
    },
    60_000,
  );

  it('as all the others are has the job begin from its start', async () => {
    const id = await pausedAt(100);
    const { store, blobs } = service.context;
    for (const { blobKey } of await store.checkpoints.list(id)) await cutOff(await blobs.localPath(blobKey));
    await send(`/v1/jobs/${id}/resume`);
    expectAsUndisturbed(await outcomeOf(id));
    expect((await runsOf(id))[1]!.resumedFromStep).toBeNull();
  }, 60_000);
});

it('a project’s limit of running jobs holds with two workers, and all of its jobs come to their turn', async () => {
  const limited = await TestService.start({ TRAINYARD_MAX_RUNNING_JOBS: '1' });
  try {
    await Promise.all([limited.startWorker(), limited.startWorker()]);
    const { projectId, datasetId } = await limited.upload('concrete.csv');
    const short = { ...spec, data: { ...spec.data, dataset: datasetId }, stages: [{ epochs: 3 }] };
    const jobs: JobRow[] = [];
    for (let i = 0; i < 3; i++) jobs.push(await limited.create(projectId, short));
    for (const { id } of jobs) await limited.untilEnded(id, 60);
    const { store } = limited.context;
    const runs = (await Promise.all(jobs.map(({ id }) => store.runs.list(id)))).flat();
    expect(runs.map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    const times = runs.sort((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
    for (const [i, { startedAt }] of times.entries())
      if (i > 0) expect(startedAt.getTime()).toBeGreaterThanOrEqual(times[i - 1]!.finishedAt!.getTime());
  } finally {
    await limited.stop();
  }
}, 120_000);
