import { existsSync } from 'node:fs';
import type { Dataset } from '../fashion-mnist.ts';
import { fileOf, keep, readKept } from '../kept.ts';
import { type Result, type SpecOfBench, train } from '../train.ts';

/** Data that a job of a bench learns from; another name is other data. */
export interface BenchData {
  readonly name: string;
  /** @param folder with Fashion-MNIST's files; where Debian has them when left out */
  bring(folder: string | undefined): Promise<Dataset>;
}

/** A job, with the one whose model it builds on. */
export interface BenchJob {
  readonly name: string;
  readonly data: BenchData;
  readonly spec: SpecOfBench;
  readonly parent?: BenchJob;
}

/** What `model.from` names in a bench, where the job itself says which model it builds on. */
export const PARENT = `mdl_${'0'.repeat(26)}`;

/** What a job is told apart by: two that differ in nothing else are trained once. */
function description({ data, spec: { name: _, ...spec }, parent }: BenchJob): object {
  return { data: data.name, spec, ...(parent && { parent: description(parent) }) };
}

export function keptResult(job: BenchJob): Result | null {
  return readKept(fileOf('transfer', description(job)));
}

/** Trains a job after those that it builds on; what is kept of an earlier run isn't done again. */
export async function trained(job: BenchJob, folder: string | undefined): Promise<Result> {
  const [file, modelPath] = files(job);
  const kept = readKept<Result>(file);
  if (kept && existsSync(modelPath)) return kept;
  if (job.parent) await trained(job.parent, folder);
  const result = await train(job.name, job.spec, await job.data.bring(folder), {
    modelPath,
    ...(job.parent && { parentPath: files(job.parent)[1] }),
  });
  keep(file, result);
  return result;
}

function files(job: BenchJob): [result: string, model: string] {
  const described = description(job);
  return [fileOf('transfer', described), fileOf('transfer', described, 'safetensors')];
}
