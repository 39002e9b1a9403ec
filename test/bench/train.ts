import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Tell, trainRun } from '../../apps/worker/train-run.ts';
import { startEngine } from '../../apps/worker/training-engine.ts';
import { JobSpec, type JobSpecInput } from '../../src/spec/job.ts';
import type { Dataset } from './fashion-mnist.ts';

/** A job whose data set is given when it runs. */
export type SpecOfBench = Omit<JobSpecInput, 'data'> & { data: Omit<JobSpecInput['data'], 'dataset'> };

export interface Result {
  /** The last epoch's metrics, and the evaluation's. */
  readonly accuracy: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly date: string;
  readonly machine: string;
}

interface Files {
  /** The file of the model that the job builds on. */
  readonly parentPath?: string;
  /** Where the trained model goes to; it is dropped when left out. */
  readonly modelPath?: string;
}

/** Trains a job with the trainer's own code, in this process. */
export async function train(
  name: string,
  spec: SpecOfBench,
  dataset: Dataset,
  { parentPath, modelPath }: Files = {},
): Promise<Result> {
  const workDirectory = mkdtempSync(join(tmpdir(), 'trainyard-bench-'));
  const accuracy: Record<string, number> = {};
  const tell: Tell = async (message) => {
    if (message.type !== 'progress') return;
    for (const { position, metrics } of message.epochs) {
      Object.assign(accuracy, metrics);
      console.error(`${name}, stage ${position.stage}, epoch ${position.epoch}: ${describe(metrics)}`);
    }
  };
  const command = {
    type: 'start' as const,
    jobId: name,
    runId: name,
    spec: JobSpec.parse({ ...spec, data: { ...spec.data, dataset: `ds_${'0'.repeat(26)}` } }),
    dataset,
    workDirectory,
    backend: 'auto',
    checkpoints: [],
    ...(parentPath !== undefined && { parentPath }),
  };
  const startedAt = performance.now();
  try {
    const last = await trainRun(command, await startEngine(command), tell, new AbortController().signal);
    if (last.type !== 'succeeded') throw new Error(`${name} ended as ${last.type}`);
    if (modelPath !== undefined) copyFileSync(last.modelPath, modelPath);
    return {
      accuracy: { ...accuracy, ...last.evaluation },
      seconds: Math.round((performance.now() - startedAt) / 1000),
      date: new Date().toISOString().slice(0, 10),
      machine: machine(),
    };
  } finally {
    rmSync(workDirectory, { recursive: true });
  }
}

export function machine(): string {
  return `${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.versions.node}`;
}

function describe(metrics: Readonly<Record<string, number>>): string {
  return ['loss', 'accuracy', 'val_loss', 'val_accuracy']
    .filter((name) => metrics[name] !== undefined)
    .map((name) => `${name} ${metrics[name]!.toFixed(4)}`)
    .join(', ');
}
