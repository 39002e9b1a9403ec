import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { key, normal, uniform } from '../../../src/random.ts';
import { ModelSpec } from '../../../src/spec/model.ts';
import { resolveNetwork } from '../../../src/spec/network.ts';
import type { JobResource } from '../../../src/spec/resource/job.ts';
import { type Pictures, writeParts } from '../fashion-mnist.ts';
import { markdown } from '../figures.ts';
import { Service } from '../load/service.ts';
import { percentile } from '../load/statistics.ts';
import { ContenderProcess } from './contender-process.ts';
import type { Participant } from './contenders.ts';
import { writeExamples, writeInitial } from './examples.ts';
import { CLASSES, MODELS } from './models.ts';

/**
 * What the service adds to training: the whole time of a job, from its POST until its model is there, against the bare
 * loop over batches that lie ready; and from a POST to the first step on a warm worker.
 */

const PICTURES = 10_048;
const PIXELS = 28 * 28;
const BATCH = 64;
const STEPS_PER_EPOCH = PICTURES / BATCH;
/** Jobs whose first step is waited for, after one that warms the worker up. */
const FIRST_STEPS = 9;
const POLL_MS = 5;
const SELDOM_MS = 1_000;
/** After a run a worker gets its next trainer ready. */
const REST_MS = 3_000;

/** It takes time of its own, and trainers would have it too. */
const WITHOUT_PROBE = { NODE_OPTIONS: '' };

const LAYERS = [
  { type: 'flatten' as const },
  { type: 'dense' as const, units: 256, activation: 'relu' as const },
  { type: 'dropout' as const, rate: 0.3 },
  { type: 'dense' as const, units: 128, activation: 'relu' as const },
];

/** @returns a table. @param engines ours, by name: the first that can be had is the one that a service takes */
export async function jobOverhead(
  folder: string,
  engines: Readonly<Record<string, Participant>>,
  { seconds, threads, rounds }: { seconds: number; threads: number; rounds: number },
): Promise<string> {
  const service = await Service.start(false, WITHOUT_PROBE);
  try {
    await service.startWorker({ TRAINYARD_THREADS: String(threads), ...WITHOUT_PROBE });
    const dataset = await upload(service, folder);
    const { name, loop } = await startLoop(folder, engines, threads);
    await run(service, spec(dataset, 1));
    const firstSteps: number[] = [];
    for (let i = 0; i < FIRST_STEPS; i++) {
      await sleep(REST_MS);
      firstSteps.push((await run(service, spec(dataset, 1))).firstStepMs);
    }
    const pairs: Pair[] = [];
    // Before and after, so that a machine that slows down does so for both.
    let before = (await loop.takeTurn(seconds / 4)).stepsPerSecond;
    for (let i = 0; i < rounds; i++) {
      const epochs = Math.max(1, Math.round((seconds * before) / STEPS_PER_EPOCH));
      const steps = epochs * STEPS_PER_EPOCH;
      const job = (await run(service, spec(dataset, epochs))).seconds;
      const after = (await loop.takeTurn(seconds / 4)).stepsPerSecond;
      pairs.push({ steps, job, loop: (2 * steps) / (before + after) });
      before = after;
    }
    await loop.stop();
    return table({ engine: name, threads, firstSteps, pairs });
  } finally {
    await service.stop();
  }
}

/** As many steps as a job and as a loop, in seconds. */
interface Pair {
  readonly steps: number;
  readonly job: number;
  readonly loop: number;
}

interface Figures {
  readonly engine: string;
  readonly threads: number;
  readonly firstSteps: readonly number[];
  readonly pairs: readonly Pair[];
}

function table({ engine, threads, firstSteps, pairs }: Figures): string {
  const overheads = pairs.map(({ job, loop }) => 100 * (job / loop - 1));
  const [overhead, middle] = [percentile(overheads, 0.5), percentile(firstSteps, 0.5)];
  const range = (values: readonly number[], digits: number) =>
    `${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)}`;
  const each = (of: (pair: Pair) => string) => pairs.map(of).join(', ');
  const met = (isMet: boolean) => (isMet ? 'met' : '**missed**');
  return markdown(
    ['what', 'measured', 'goal', ''],
    [
      ['jobs of so many steps', each(({ steps }) => `${steps}`), '', ''],
      ['each from POST to model', each(({ job }) => `${job.toFixed(1)} s`), '', ''],
      [
        `its bare loop (${engine}, ${threads === 1 ? 'one thread' : `${threads} threads`})`,
        each(({ loop }) => `${loop.toFixed(1)} s`),
        '',
        '',
      ],
      ['a job over its loop', `${overhead.toFixed(1)}% (${range(overheads, 1)})`, '≤ 5%', met(overhead <= 5)],
      [
        'POST to first step, warm',
        `${middle.toFixed(0)} ms (${range(firstSteps, 0)})`,
        '≤ 300 ms',
        met(middle <= 300),
      ],
    ],
  );
}

/** The MLP's loop in a process of its own: it shuffles, gathers and steps, and no more. @throws Error where none can be had */
async function startLoop(folder: string, engines: Readonly<Record<string, Participant>>, threads: number) {
  const model = {
    ...MODELS.find(({ name }) => name === 'mlp')!,
    inputShape: [28, 28, 1],
    network: network(),
  };
  const { kind, name: modelName, optimizer } = model;
  const examples = writeExamples(folder, model, PICTURES);
  const initial = writeInitial(folder, model);
  const common = { kind, model: modelName, threads, batch: BATCH, optimizer };
  const setting = { ...common, network: model.network, examples, initial, shuffled: true };
  for (const [name, participant] of Object.entries(engines)) {
    const { contender, prepared } = await ContenderProcess.start(name, participant, setting);
    if (prepared.cannot === undefined) return { name, loop: contender };
    await contender.stop();
  }
  throw new Error('No engine of ours can be had');
}

function network() {
  const context = { inputShape: [28, 28, 1], task: 'classification', outputUnits: CLASSES } as const;
  return resolveNetwork(ModelSpec.parse({ layers: LAYERS }), { ...context, distribution: 'point' });
}

function spec(dataset: string, epochs: number) {
  return {
    data: { dataset, target: 'label', split: { validation: 0, test: 0 } },
    model: { layers: LAYERS },
    stages: [{ epochs, batchSize: BATCH, optimizer: { type: 'adam' } }],
  };
}

/** Posts a job, and watches it until it has ended. @throws Error where it doesn’t succeed */
async function run(service: Service, job: object): Promise<{ firstStepMs: number; seconds: number }> {
  const startedAt = performance.now();
  const answer = await service.post('/v1/jobs', job);
  if (answer.status >= 400) throw new Error(answer.body);
  const { id } = JSON.parse(answer.body) as JobResource;
  let firstStepMs: number | undefined;
  for (;;) {
    const job = JSON.parse((await service.get(`/v1/jobs/${id}`)).body) as JobResource;
    const { status, step, failure } = job;
    const passed = performance.now() - startedAt;
    if (step !== null && step > 0) firstStepMs ??= passed;
    if (status === 'succeeded') return { firstStepMs: firstStepMs ?? passed, seconds: secondsOf(job) };
    if (failure) throw new Error(failure.message);
    // Once it trains, asking would take time from it.
    await sleep(firstStepMs === undefined ? POLL_MS : SELDOM_MS);
  }
}

/** From its creation to its end. */
function secondsOf({ createdAt, finishedAt }: JobResource): number {
  return (Date.parse(finishedAt!) - Date.parse(createdAt)) / 1000;
}

/** Noise about one picture a class. */
async function upload(service: Service, folder: string): Promise<string> {
  const { path } = await writeParts(join(folder, 'pictures.idx'), [pictures()]);
  const headers = { ...service.headers, 'content-type': 'application/x-idx' };
  const body = readFileSync(path);
  const answer = await service.api.ask({ method: 'POST', path: '/v1/datasets?name=pictures', headers, body });
  if (answer.status >= 400) throw new Error(answer.body);
  return JSON.parse(answer.body).id;
}

function pictures(): Pictures {
  const stream = (what: string) => key('job-overhead', what);
  const labels = Buffer.from(
    Array.from({ length: PICTURES }, (_, row) => Math.floor(CLASSES * uniform(stream('label'), row))),
  );
  const pixel = (i: number) => {
    const place = labels[Math.floor(i / PIXELS)]! * PIXELS + (i % PIXELS);
    const value = 128 + 20 * normal(stream('centre'), place) + 40 * normal(stream('noise'), i);
    return Math.max(0, Math.min(255, Math.round(value)));
  };
  return { pixels: Buffer.from(Uint8Array.from({ length: PICTURES * PIXELS }, (_, i) => pixel(i))), labels };
}
