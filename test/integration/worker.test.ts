import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Supervision, superviseRun } from '../../apps/worker/supervise-run.ts';
import { forkTrainer, startTrainer } from '../../apps/worker/trainer-process.ts';
import { createStore } from '../../src/adapters/db/store.ts';
import type { Store } from '../../src/jobs/ports.ts';
import { createRunRecorder, type RunRecorder } from '../../src/jobs/run-recorder.ts';
import { type Claim, createRunService, FenceLostError, type RunService } from '../../src/jobs/run-service.ts';
import type { JobSpecInput } from '../../src/spec/job.ts';
import { STRUCTURE } from '../contract/store/rows.ts';
import { lineTo } from '../outage.ts';
import { TestService } from './service.ts';

/**
 * The worker against trainers that do what ours should never do. They are real child processes that speak the
 * protocol of src/spec/trainer.ts; recovery.test.ts has the true trainer.
 */

let service: TestService;
let runs: RunService;
let projectId: string;
let spec: JobSpecInput;

beforeAll(async () => {
  service = await TestService.start();
  runs = runsOn(service.context.store);
  const uploaded = await service.upload('concrete.csv');
  projectId = uploaded.projectId;
  spec = {
    data: { dataset: uploaded.datasetId, target: 'strength' },
    model: { layers: [{ type: 'dense', units: 4, activation: 'relu' }] },
    stages: [{ epochs: 1 }],
    checkpoint: { keep: 2 },
  };
});
afterAll(() => service.stop());

function runsOn(store: Store): RunService {
  const { queue, limits } = service.context;
  const onQueueError = (error: unknown) => {
    throw error;
  };
  return createRunService({ store, queue, limits, onQueueError });
}

const PROLOGUE = `
  import { writeFileSync } from 'node:fs';
  const say = (message) => new Promise((told) => process.send(message, told));
  const at = (step) => ({ stage: 1, epoch: 1, step });
  const progress = (step, points, epochs = []) =>
    say({ type: 'progress', position: at(step), detail: 'training', progress: 0.5, etaSeconds: null, points, epochs });
  const metric = (step) => ({ ...at(step), name: 'step_loss', value: step === 2 ? NaN : 1 / step });
  let stop;
  const stopAsked = new Promise((resolve) => { stop = resolve; });
  process.on('message', (command) => (command.type === 'stop' ? stop() : train(command)));
  const begin = async () => {
    await say({ type: 'started', device: 'scripted' });
    await say({ type: 'stage', stage: 1, name: 'train', stages: 1, epochs: 1, stepsPerEpoch: 10, cachedLayers: 0 });
  };
  const forever = () => new Promise(() => setInterval(() => {}, 1000));
  const checkpoint = async ({ workDirectory }, step) => {
    const path = workDirectory + '/checkpoint-' + step;
    writeFileSync(path, 'checkpoint ' + step + ' ' + workDirectory);
    await say({ type: 'checkpoint', position: at(step), path });
  };
  const succeed = async ({ workDirectory, runId }) => {
    const modelPath = workDirectory + '/model';
    writeFileSync(modelPath, 'the model of ' + runId);
    const structure = ${JSON.stringify(STRUCTURE)};
    await say({ type: 'succeeded', modelPath, structure, evaluation: { test_rmse: 5 } });
    process.exit(0);
  };
  const stopped = async () => { await say({ type: 'stopped' }); process.exit(0); };
`;

interface Supervised {
  claim: Claim;
  /** Resolves when the supervision of the run is over. */
  over: Promise<void>;
}

/** Creates a job and supervises its first run with a trainer that does as `body` says. */
async function supervise(
  body: string,
  change: { spec?: Partial<JobSpecInput>; supervision?: Partial<Supervision>; drain?: AbortSignal } = {},
): Promise<Supervised> {
  const { store, blobs, logger, config } = service.context;
  const job = await service.create(projectId, { ...spec, ...change.spec });
  const claim = (await runs.claim({ jobId: job.id, attempt: 1 }, 'wrk_test'))!;
  const directory = await mkdtemp(join(service.home, 'scripted-'));
  const script = join(directory, 'trainer.mjs');
  await writeFile(script, `${PROLOGUE}\nasync function train(command) {\n${body}\n}`);
  const supervision: Supervision = {
    store,
    blobs,
    runs,
    timings: config.timings,
    backend: 'wasm',
    compilation: null,
    workDirectory: directory,
    trainers: { start: (...run) => startTrainer(forkTrainer(pathToFileURL(script)), ...run) },
    ...change.supervision,
  };
  const over = superviseRun(claim, supervision, logger, change.drain ?? new AbortController().signal);
  return { claim, over: over.finally(() => rm(script)) };
}

async function jobOf({ claim }: Supervised) {
  return (await service.context.store.jobs.get(claim.job.id))!;
}

async function eventsOf({ claim }: Supervised) {
  return service.context.store.events.list(claim.job.id, 0, 1_000);
}

async function artifactText({ claim }: Supervised, name: string): Promise<string> {
  const artifact = (await service.context.store.artifacts.get(claim.job.id, name))!;
  return readFile(await service.context.blobs.localPath(artifact.blobKey), 'utf8');
}

async function until(ready: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!(await ready())) {
    if (Date.now() > deadline) throw new Error('it never came to be');
    await sleep(20);
  }
}

/** Seen from then, every worker has been silent for too long. */
const silence = () => new Date(Date.now() + 60_000);

async function countBlobs(): Promise<number> {
  const files = await readdir(join(service.home, 'blobs'), { recursive: true });
  return files.filter((path) => /[0-9a-f]{64}$/.test(path)).length;
}

const begun = (run: Supervised) => until(async () => (await jobOf(run)).stage === 1);

describe('a run that goes well', () => {
  it('leaves its metrics, its newest checkpoints and its model, told in order', async () => {
    const run = await supervise(`
      await begin();
      await progress(2, [metric(1), metric(2)]);
      await progress(3, [metric(3)]);
      for (const step of [1, 2, 3]) await checkpoint(command, step);
      const epoch = (loss) => ({ position: at(3), epochs: 1, metrics: { loss }, progress: 1, etaSeconds: 0, seconds: 1 });
      await progress(3, [], [epoch(2), epoch(Infinity)]);
      await succeed(command);
    `);
    await run.over;
    const { store, blobs } = service.context;
    const job = await jobOf(run);
    expect(job).toMatchObject({ status: 'succeeded', progress: 1, step: 3, statusDetail: null });
    expect(job.metrics).toEqual({ loss: Infinity, test_rmse: 5 });
    const told = (await eventsOf(run)).map(({ type, data }) => (type === 'status' ? data.to : type));
    expect(told.slice(0, 5)).toEqual(['queued', 'running', 'run', 'run', 'stage']);
    expect(told.slice(5)).toEqual([
      ...[
        'checkpoint',
        'checkpoint',
        'checkpoint',
        'epoch',
        'epoch',
        'artifact',
        'model',
        'run',
        'succeeded',
      ],
    ]);
    const points = await store.metrics.read(job.id, { maxPoints: 100 });
    expect(points.map(({ value }) => value)).toEqual([1, NaN, 1 / 3]);
    const checkpoints = await store.checkpoints.list(job.id);
    expect(checkpoints.map(({ step }) => step)).toEqual([3, 2]);
    const [, second] = (await eventsOf(run)).filter(({ type }) => type === 'checkpoint');
    expect(second!.data.id).toBe(checkpoints[1]!.id);
    expect(await artifactText(run, 'model.safetensors')).toBe(`the model of ${run.claim.run.id}`);
    expect(await blobs.localPath((await store.models.get(job.modelId!, projectId))!.blobKey)).toBeTruthy();
  });

  it('keeps a checkpoint once that is told twice', async () => {
    const run = await supervise(`
      await begin();
      for (const name of ['a', 'b']) {
        const path = command.workDirectory + '/' + name;
        writeFileSync(path, 'the same');
        await say({ type: 'checkpoint', position: at(1), path });
      }
      await say({ type: 'stopped' });
      process.exit(0);
    `);
    await run.over;
    const { store } = service.context;
    expect((await store.checkpoints.list((await jobOf(run)).id)).map(({ step }) => step)).toEqual([1]);
    const told = (await eventsOf(run)).filter(({ type }) => type === 'checkpoint');
    expect(told).toHaveLength(1);
  });

  it('keeps the rates that a search proposes, and ends a job that only searched without a model', async () => {
    const run = await supervise(`
      await begin();
      await say({ type: 'learningRate', stage: 1, steps: 40, suggested: 0.01, climbed: true });
      await say({ type: 'learningRate', stage: 1, steps: 40, suggested: null, climbed: false });
      await say({ type: 'searched' });
      process.exit(0);
    `);
    await run.over;
    const job = await jobOf(run);
    expect(job).toMatchObject({ status: 'succeeded', progress: 1, modelId: null });
    expect(job.metrics).toEqual({ suggested_learning_rate: 0.01 });
    const found = (await eventsOf(run)).filter(({ type }) => type === 'learningRate');
    expect(found.map(({ data }) => data.suggested)).toEqual([0.01, null]);
  });

  it('removes the work folder, and the blobs of outdated checkpoints', async () => {
    const blobsBefore = await countBlobs();
    const run = await supervise(`
      await begin();
      for (let step = 1; step <= 10; step++) await checkpoint(command, step);
      await succeed(command);
    `);
    await run.over;
    // Two checkpoints are kept, and the model.
    expect(await countBlobs()).toBe(blobsBefore + 3);
    const folders = await readdir(service.home, { recursive: true });
    expect(folders.filter((path) => path.includes(run.claim.run.id))).toEqual([]);
  });
});

describe('a trainer that ends without a word', () => {
  it('is a bug: its own words are kept in a log and not told to the user', async () => {
    const run = await supervise(`await begin(); throw new Error('a secret of the inside');`);
    await run.over;
    const { status, failure, attempt } = await jobOf(run);
    expect({ status, attempt }).toEqual({ status: 'failed', attempt: 1 });
    expect(failure).toMatchObject({ code: 'bug', retryable: false });
    expect(failure!.message).not.toContain('secret');
    expect(await artifactText(run, 'trainer.log')).toContain('a secret of the inside');
  });

  it('out of memory, in V8’s own way, isn’t tried again', async () => {
    vi.stubEnv('NODE_OPTIONS', '--max-old-space-size=32');
    onTestFinished(() => void vi.unstubAllEnvs());
    const run = await supervise(`
      await begin();
      const hoard = [];
      for (;;) hoard.push({ more: hoard.length });
    `);
    await run.over;
    expect(await jobOf(run)).toMatchObject({ status: 'failed', failure: { code: 'outOfMemory' } });
  });

  it('killed from outside, is followed by another run after a pause', async () => {
    const run = await supervise(`await begin(); process.kill(process.pid, 'SIGKILL');`);
    await run.over;
    expect(await jobOf(run)).toMatchObject({ status: 'queued', attempt: 2, faults: 1, failure: null });
    const [ended] = await service.context.store.runs.list(run.claim.job.id);
    expect(ended).toMatchObject({ status: 'failed', failure: { code: 'trainerKilled' } });
  });
});

describe('a trainer that is to stop', () => {
  it('stops when the job is cancelled', async () => {
    const run = await supervise(
      `await begin(); await stopAsked; await checkpoint(command, 7); await stopped();`,
    );
    await begun(run);
    await service.context.jobs.cancel(projectId, run.claim.job.id);
    await run.over;
    expect(await jobOf(run)).toMatchObject({ status: 'cancelled', failure: null });
    const [kept] = await service.context.store.checkpoints.list(run.claim.job.id);
    expect(kept!.step).toBe(7);
  });

  it('is killed after the grace when it doesn’t heed', async () => {
    const { timings } = service.context.config;
    const run = await supervise(
      `await begin(); await say({ type: 'warning', code: 'pid', message: String(process.pid) }); await forever();`,
      { supervision: { timings: { ...timings, cancelGraceMs: 500 } } },
    );
    await begun(run);
    await service.context.jobs.cancel(projectId, run.claim.job.id);
    const askedAt = Date.now();
    await run.over;
    expect(Date.now() - askedAt).toBeGreaterThan(400);
    expect(Date.now() - askedAt).toBeLessThan(500 + 10 * timings.heartbeatMs);
    expect(await jobOf(run)).toMatchObject({ status: 'cancelled', failure: null });
    const warning = (await eventsOf(run)).find(({ type }) => type === 'warning')!;
    expect(() => process.kill(Number(warning.data.message), 0)).toThrow(/ESRCH/);
  });

  it('ends its job as cancelled though it succeeded meanwhile, and leaves no model', async () => {
    const run = await supervise(`await begin(); await stopAsked; await succeed(command);`);
    await begun(run);
    await service.context.jobs.cancel(projectId, run.claim.job.id);
    await run.over;
    expect(await jobOf(run)).toMatchObject({ status: 'cancelled', modelId: null });
    expect(await service.context.store.artifacts.list(run.claim.job.id)).toEqual([]);
  });

  it('gives its job back, without a fault, when the worker drains', async () => {
    const drain = new AbortController();
    const run = await supervise(`await begin(); await stopAsked; await stopped();`, { drain: drain.signal });
    await begun(run);
    drain.abort();
    await run.over;
    expect(await jobOf(run)).toMatchObject({ status: 'queued', attempt: 2, faults: 0 });
  });

  it('is killed when the job has used up its time', async () => {
    const run = await supervise(`await begin(); await forever();`, { spec: { limits: { maxSeconds: 0.5 } } });
    await run.over;
    expect(await jobOf(run)).toMatchObject({
      status: 'failed',
      failure: { code: 'timeout', retryable: false },
    });
  });
});

describe('a run that was given up', () => {
  it('has its trainer killed, and writes nothing more', async () => {
    const run = await supervise(`
      await begin();
      for (let step = 1; ; step++) {
        await progress(step, [metric(step)]);
        await checkpoint(command, step);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    `);
    const { id } = run.claim.job;
    await until(async () => (await service.context.store.checkpoints.list(id)).length > 0);
    expect(await runs.giveUpLost(id, silence())).toBe(true);
    const left = await everythingOf(id);
    await run.over;
    await sleep(100);
    expect(await everythingOf(id)).toEqual(left);
    expect((await jobOf(run)).status).toBe('queued');
  });

  it('has its trainer killed though that is silent', async () => {
    const run = await supervise(`await begin(); await forever();`);
    await begun(run);
    await runs.giveUpLost(run.claim.job.id, silence());
    await run.over;
    expect((await jobOf(run)).status).toBe('queued');
  });

  it('is refused every kind of write', async () => {
    const job = await service.create(projectId, spec);
    const claim = (await runs.claim({ jobId: job.id, attempt: 1 }, 'wrk_a'))!;
    await runs.giveUpLost(job.id, silence());
    await runs.claim({ jobId: job.id, attempt: 2 }, 'wrk_b');
    const left = await everythingOf(job.id);
    const blobsBefore = await countBlobs();
    const recorder = createRunRecorder({ ...service.context, runs }, claim);
    for (const message of await oneOfEach()) {
      await expect(recorder.record(message), message.type).rejects.toThrow(FenceLostError);
    }
    const failure = { code: 'bug' as const, message: '', retryable: false };
    await expect(runs.fail(claim, failure)).rejects.toThrow(FenceLostError);
    await expect(runs.stop(claim)).rejects.toThrow(FenceLostError);
    expect(await everythingOf(job.id)).toEqual(left);
    expect(await countBlobs()).toBe(blobsBefore);
  });

  async function oneOfEach(): Promise<Parameters<RunRecorder['record']>[0][]> {
    const directory = await mkdtemp(join(service.home, 'late-'));
    const file = async (name: string) => {
      await writeFile(join(directory, name), `a late ${name}`);
      return join(directory, name);
    };
    const position = { stage: 1, epoch: 1, step: 1 };
    const far = { progress: 0.5, etaSeconds: 1 };
    return [
      { type: 'started', device: 'late' },
      { type: 'stage', stage: 1, name: 'train', stages: 1, epochs: 1, stepsPerEpoch: 1, cachedLayers: 0 },
      {
        type: 'progress',
        ...{ position, detail: 'late', ...far },
        points: [{ ...position, name: 'loss', value: 1 }],
        epochs: [{ position, epochs: 1, metrics: { loss: 1 }, seconds: 1, ...far }],
      },
      { type: 'checkpoint', position, path: await file('checkpoint') },
      { type: 'learningRate', stage: 1, steps: 9, suggested: 0.1, climbed: true },
      { type: 'searched' },
      {
        type: 'earlyStopping',
        stage: 1,
        epoch: 3,
        bestEpoch: 1,
        monitor: 'val_loss',
        best: 1,
        restored: true,
      },
      { type: 'warning', code: 'late', message: 'late' },
      { type: 'artifact', name: 'late', path: await file('artifact'), mediaType: 'text/plain' },
      {
        type: 'succeeded',
        modelPath: await file('model'),
        structure: STRUCTURE,
        evaluation: {},
      },
    ];
  }

  async function everythingOf(jobId: string) {
    const { store } = service.context;
    return {
      job: await store.jobs.get(jobId),
      events: await store.events.list(jobId, 0, 10_000),
      metrics: await store.metrics.read(jobId, { maxPoints: 10_000 }),
      checkpoints: await store.checkpoints.list(jobId),
    };
  }
});

describe('a database that goes away in the middle of a run', () => {
  it('finds everything written when it is back, and training has gone on', async () => {
    const line = await lineTo(service.context.config.databaseUrl!);
    const store = await createStore({ url: line.url, poolSize: 3 });
    const run = await supervise(
      `
      await begin();
      await new Promise((resolve) => setTimeout(resolve, 400));
      for (let step = 1; step <= 50; step++) await progress(step, [metric(step)]);
      await checkpoint(command, 50);
      await succeed(command);
    `,
      { supervision: { store, runs: runsOn(store) } },
    );
    try {
      await begun(run);
      await line.cut();
      await sleep(1_500);
      await line.mend();
      await run.over;
      expect(await jobOf(run)).toMatchObject({ status: 'succeeded', faults: 0 });
      const { metrics, runs: rows } = service.context.store;
      expect(await metrics.read(run.claim.job.id, { maxPoints: 1_000 })).toHaveLength(50);
      expect((await rows.list(run.claim.job.id)).map(({ status }) => status)).toEqual(['succeeded']);
    } finally {
      await line.cut();
      await store.close();
    }
  });
});
