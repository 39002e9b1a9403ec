import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../apps/api/app.ts';
import type { Trainers } from '../../apps/worker/ready-trainer.ts';
import { superviseRun } from '../../apps/worker/supervise-run.ts';
import { forkTrainer, startTrainer } from '../../apps/worker/trainer-process.ts';
import type { JobRow } from '../../src/jobs/rows.ts';
import { createRunService } from '../../src/jobs/run-service.ts';
import type { Compilation } from '../../src/spec/compilation.ts';
import type { JobSpecInput } from '../../src/spec/job.ts';
import type { WorkerResource } from '../../src/spec/resource/worker.ts';
import { SLOW_MODEL } from '../slow-model.ts';
import { TestService } from './service.ts';

/** How a worker computes, what it tells of that, and that the wish for it is heard. */

let service: TestService;
let app: FastifyInstance;
let projectId: string;
let spec: JobSpecInput;

beforeAll(async () => {
  service = await TestService.start();
  app = await buildApp(service.context);
  const uploaded = await service.upload('concrete.csv');
  projectId = uploaded.projectId;
  spec = {
    seed: 5,
    data: { dataset: uploaded.datasetId, target: 'strength' },
    model: SLOW_MODEL,
    stages: [
      { epochs: 2, optimizer: { type: 'adam', learningRate: 0.003 } },
      { epochs: 2, optimizer: { type: 'adam', learningRate: 0.001 } },
    ],
  };
});
afterAll(async () => {
  await app.close();
  await service.stop();
});

async function weightsOf({ modelId }: JobRow): Promise<string> {
  const { blobKey } = (await service.context.store.models.get(modelId!, projectId))!;
  const file = await readFile(await service.context.blobs.localPath(blobKey));
  return createHash('sha256').update(file).digest('hex');
}

/** Trains by a worker with these settings. @returns what it made, and what was told of the worker meanwhile */
async function trainedBy(settings: Record<string, string>) {
  const worker = await service.startWorker(settings);
  const { data } = (await app.inject('/v1/workers')).json<{ data: WorkerResource[] }>();
  expect(data).toHaveLength(1);
  const job = await service.untilEnded((await service.create(projectId, spec)).id);
  expect(job.status).toBe('succeeded');
  const ended = new Promise((resolve) => worker.once('exit', resolve));
  worker.kill('SIGTERM');
  await ended;
  const log = await readFile(join(service.home, 'worker.log'), 'utf8');
  const lines = log
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const ready = lines.find(({ msg, pid }) => msg === 'The worker is ready' && pid === worker.pid);
  const [run] = await service.context.store.runs.list(job.id);
  return {
    device: data[0]!.device,
    trainedOn: run!.device,
    ready,
    weights: await weightsOf(job),
    warnings: await warningsOf(job.id),
  };
}

async function warningsOf(jobId: string): Promise<Record<string, unknown>[]> {
  const events = await service.context.store.events.list(jobId, 0, 1_000);
  return events.filter(({ type }) => type === 'warning').map(({ data }) => data);
}

/** The true trainer, but for an operation that its compiler has never heard of. */
const WITHOUT_CONVOLUTION = `
  const { unregisterKernel } = await import(${JSON.stringify(import.meta.resolve('@tensorflow/tfjs-core'))});
  await import(${JSON.stringify(built('src/engine/compile/record/record.js'))});
  unregisterKernel('Conv2D', 'trainyard-recorder');
  await import(${JSON.stringify(built('apps/worker/trainer.js'))});
`;

function built(path: string): string {
  return new URL(`../../dist/${path}`, import.meta.url).href;
}

/** Has one job trained by this. */
async function trainedIn(trainer: () => ChildProcess, compilation: Compilation): Promise<JobRow> {
  const { store, blobs, queue, limits, logger, config } = service.context;
  const runs = createRunService({ store, queue, limits, onQueueError: () => {} });
  const workDirectory = join(service.home, 'scripted');
  await mkdir(workDirectory, { recursive: true });
  const { id } = await service.create(projectId, spec);
  const claim = (await runs.claim({ jobId: id, attempt: 1 }, 'wrk_test'))!;
  const trainers: Trainers = { start: (...run) => startTrainer(trainer(), ...run) };
  const { timings } = config;
  const supervision = {
    store,
    blobs,
    runs,
    timings,
    backend: 'wasm',
    compilation,
    workDirectory,
    trainers,
  };
  await superviseRun(claim, supervision, logger, new AbortController().signal);
  return (await store.jobs.get(id))!;
}

describe('a worker without a GPU', () => {
  it('compiles steps, and tells on how many threads and what multiplies', async () => {
    const { device, ready, trainedOn, warnings } = await trainedBy({ TRAINYARD_THREADS: '' });
    expect(device).toMatch(/^wasm SIMD on \S.*, (onednn|openblas|accelerate|wasm) at [1-9]\d* GFLOP\/s$/);
    const { chosen, gflops, candidates } = ready.gemm;
    expect(device).toContain(`${chosen} at ${Math.round(gflops)} GFLOP/s`);
    expect(candidates.map(({ name }: { name: string }) => name)).toContain(chosen);
    const threads = Math.min(availableParallelism(), 8);
    const counted = threads === 1 ? 'one thread' : `${threads} threads`;
    expect(trainedOn).toBe(device.replace(/, .*/, `, ${counted}, ${chosen}`));
    expect(ready).toMatchObject({
      device,
      compilation: { threads, gemm: chosen },
    });
    expect(warnings).toEqual([]);
  });

  it('multiplies by the kernels of its own, on as many threads as it is told to', async () => {
    const { device, ready } = await trainedBy({ TRAINYARD_GEMM: 'wasm', TRAINYARD_THREADS: '3' });
    expect(device).toMatch(/, wasm at [1-9]\d* GFLOP\/s$/);
    expect(ready.compilation).toEqual({ threads: 3, gemm: 'wasm' });
    expect(ready.gemm.candidates.map(({ name }: { name: string }) => name)).toEqual(['wasm']);
  });

  it('computes op by op where it is told to, and where a step can’t be compiled, which it tells', async () => {
    const compilation: Compilation = { threads: 2, gemm: 'wasm' };
    const [compiled, eager] = [
      await trainedBy({ TRAINYARD_GEMM: 'wasm', TRAINYARD_THREADS: '2' }),
      await trainedBy({ TRAINYARD_EXECUTOR: 'eager' }),
    ];
    expect(eager.device).toMatch(/^wasm SIMD on [^,]+$/);
    expect(eager.ready).toMatchObject({ compilation: null, gemm: null });
    expect(eager.warnings).toEqual([]);

    const script = join(service.home, 'trainer.mjs');
    await writeFile(script, WITHOUT_CONVOLUTION);
    const job = await trainedIn(() => forkTrainer(pathToFileURL(script)), compilation);
    expect(job).toMatchObject({ status: 'succeeded', faults: 0 });
    const warning = {
      code: 'notCompiled',
      message:
        'Steps are computed op by op, which is slower: the step can’t be compiled, since it uses the operation Conv2D.',
    };
    // Once, though each of two stages finds it out.
    expect(await warningsOf(job.id)).toEqual([warning]);
    // Sums are rounded in another order: so it shows who has computed.
    expect(await weightsOf(job)).toBe(eager.weights);
    expect(compiled.weights).not.toBe(eager.weights);
  });

  it('tries again for a run what failed while the trainer got ready', async () => {
    const job = await trainedIn(
      () => {
        const trainer = forkTrainer(new URL(built('apps/worker/trainer.js')));
        trainer.send({
          type: 'prepare',
          workDirectory: service.home,
          backend: 'wasm',
          compilation: { threads: 2, gemm: 'gone' },
        });
        return trainer;
      },
      { threads: 2, gemm: 'wasm' },
    );
    expect(job).toMatchObject({ status: 'succeeded', faults: 0 });
  });
});
