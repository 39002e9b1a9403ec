import { readFile } from 'node:fs/promises';
import type { JobSpecInput } from '../../src/spec/job.ts';
import type { DatasetResource } from '../../src/spec/resource/dataset.ts';
import type { JobResource } from '../../src/spec/resource/job.ts';
import type { PipelineResource } from '../../src/spec/resource/pipeline.ts';
import { SLOW_MODEL } from '../slow-model.ts';
import type { Client } from './client.ts';
import { regression } from './specs.ts';

/** Something that users ask for: one job, or several that build on each other. Twice the same makes the same weights. */
export interface Work {
  readonly name: string;
  /** Posts it under an idempotency key, as often as it takes. @returns the ids of its jobs, in their order */
  post(key: string): Promise<string[]>;
}

const SEEDS = [1, 2];
const CHECKPOINT = { everySteps: 25, keep: 3 };
/** As many as there may be: most faults of a soak hit a job that was hit before. */
const RETRIES = 20;

/** Uploads the data, and tells what can be asked for. */
export async function prepareWorks(client: Client): Promise<Work[]> {
  const concrete = await upload(client, 'concrete.csv');
  const digits = await upload(client, 'digits.csv');
  return SEEDS.flatMap((seed) => [
    job(
      client,
      `regression ${seed}`,
      regression(concrete, 60, { seed, checkpoint: CHECKPOINT, retries: RETRIES }),
    ),
    job(client, `two stages ${seed}`, twoStages(digits, seed)),
    pipeline(client, `pretraining ${seed}`, pretraining(digits, seed)),
  ]);
}

export async function upload(client: Client, file: string): Promise<string> {
  const body = await readFile(new URL(`../../examples/data/${file}`, import.meta.url), 'utf8');
  const headers = { 'content-type': 'text/csv' };
  const { id } = await client.json<DatasetResource>(`/v1/datasets?name=${file}`, {
    method: 'POST',
    body,
    headers,
  });
  return id;
}

export function job(client: Client, name: string, spec: JobSpecInput): Work {
  return {
    name,
    async post(key) {
      const question = { method: 'POST', body: spec, headers: { 'idempotency-key': key } };
      return [(await client.json<JobResource>('/v1/jobs', question)).id];
    },
  };
}

function pipeline(client: Client, name: string, jobs: JobSpecInput[]): Work {
  return {
    name,
    async post(key) {
      const question = { method: 'POST', body: { jobs }, headers: { 'idempotency-key': key } };
      const made = await client.json<PipelineResource>('/v1/pipelines', question);
      return made.jobs.map(({ id }) => id);
    },
  };
}

function twoStages(dataset: string, seed: number): JobSpecInput {
  const optimizer = { type: 'momentum', learningRate: 0.02 } as const;
  return {
    seed,
    data: { dataset, target: 'digit', task: 'classification' },
    model: {
      layers: [
        ...SLOW_MODEL.layers,
        { type: 'dense', name: 'low', units: 48 },
        { type: 'batchNorm' },
        { type: 'activation', activation: 'relu' },
        { type: 'dropout', rate: 0.2 },
      ],
    },
    stages: [
      { epochs: 15, optimizer, schedule: { type: 'oneCycle', maxLearningRate: 0.05 } },
      { epochs: 15, optimizer, trainable: { layers: ['output'] } },
    ],
    checkpoint: CHECKPOINT,
    retries: RETRIES,
  };
}

function pretraining(dataset: string, seed: number): JobSpecInput[] {
  const optimizer = { type: 'adam', learningRate: 0.003 } as const;
  const shared = { seed, checkpoint: CHECKPOINT, retries: RETRIES };
  const data = { dataset, target: 'digit', task: 'classification' } as const;
  return [
    {
      ...shared,
      name: 'pretrain',
      data,
      model: SLOW_MODEL,
      stages: [{ objective: { type: 'denoising' }, epochs: 15, optimizer }],
    },
    {
      ...shared,
      name: 'transfer',
      data: { ...data, limitPerClass: 40 },
      model: { from: { job: 'pretrain', layers: 1 }, layers: SLOW_MODEL.layers.slice(1) },
      stages: [{ trainable: 'all', epochs: 40, optimizer }],
    },
  ];
}
