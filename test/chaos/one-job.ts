import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import type { JobRow } from '../../src/jobs/rows.ts';
import type { JobSpecInput } from '../../src/spec/job.ts';
import type { TestService } from '../integration/service.ts';

/** In seconds: processes start many times here, and machines are slow where they do much at once. */
export const PATIENCE = 240;
vi.setConfig({ testTimeout: 2 * PATIENCE * 1_000, hookTimeout: 2 * PATIENCE * 1_000 });

/** What a job left. Of the same spec it must be the same, whatever happened meanwhile. */
export interface Outcome {
  readonly weights: string;
  readonly metrics: readonly (readonly [name: string, stage: number, step: number, value: number])[];
}

/** What a job that succeeded left. Its events must be numbered without a gap. */
export async function outcomeOf(service: TestService, { id, modelId }: JobRow): Promise<Outcome> {
  const { store, blobs } = service.context;
  const sequences = (await store.events.list(id, 0, 10_000)).map(({ sequence }) => sequence);
  expect(sequences).toEqual(sequences.map((_, i) => i + 1));
  const job = (await store.jobs.get(id))!;
  const model = (await store.models.get(modelId!, job.projectId))!;
  const file = await readFile(await blobs.localPath(model.blobKey));
  const points = await store.metrics.read(id, { maxPoints: 1_000_000 });
  const metrics = points.map(({ name, stage, step, value }) => [name, stage, step, value] as const);
  return {
    weights: createHash('sha256').update(file).digest('hex'),
    metrics: metrics.sort(([a, , i], [b, , j]) => a.localeCompare(b) || i - j),
  };
}

/** Trains it undisturbed. */
export async function straightOutcome(
  service: TestService,
  projectId: string,
  spec: JobSpecInput,
): Promise<Outcome> {
  const ended = await service.untilEnded((await service.create(projectId, spec)).id, PATIENCE);
  expect(ended).toMatchObject({ status: 'succeeded', faults: 0 });
  return outcomeOf(service, ended);
}

export const runsOf = (service: TestService, jobId: string) => service.context.store.runs.list(jobId);

/** Waits until the job is so many steps far. */
export async function untilStep(service: TestService, jobId: string, least: number): Promise<void> {
  await service.until(jobId, ({ step }) => (step ?? 0) >= least, PATIENCE);
}

/** Waits until so many of the job's runs have ended, and none runs. */
export async function untilRunsEnded(service: TestService, jobId: string, count: number): Promise<void> {
  await service.until(
    jobId,
    async () => {
      const runs = await runsOf(service, jobId);
      return runs.filter(({ status }) => status !== 'running').length >= count;
    },
    PATIENCE,
  );
}

/** Blobs by their keys, files that are still being written, and folders of runs. */
export async function filesOf(
  home: string,
): Promise<{ blobs: string[]; unfinished: string[]; work: string[] }> {
  const files = await readdir(join(home, 'blobs'), { recursive: true, withFileTypes: true });
  const work = await readdir(join(home, 'work'), { recursive: true }).catch(() => []);
  const named = files.filter((file) => file.isFile());
  return {
    blobs: named.filter(({ parentPath }) => !parentPath.endsWith('tmp')).map(({ name }) => name),
    unfinished: named.filter(({ parentPath }) => parentPath.endsWith('tmp')).map(({ name }) => name),
    work: work.filter((path) => path.includes('run_')),
  };
}
