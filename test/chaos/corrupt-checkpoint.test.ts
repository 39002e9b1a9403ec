import { readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CheckpointRow } from '../../src/jobs/rows.ts';
import { TestService } from '../integration/service.ts';
import { trainerOf } from '../processes.ts';
import {
  type Outcome,
  outcomeOf,
  PATIENCE,
  runsOf,
  straightOutcome,
  untilRunsEnded,
  untilStep,
} from './one-job.ts';
import { regression } from './specs.ts';

let service: TestService;
let worker: Awaited<ReturnType<TestService['startWorker']>>;
let projectId: string;
let datasetId: string;
let straight: Outcome;

beforeAll(async () => {
  service = await TestService.start();
  worker = await service.startWorker();
  ({ projectId, datasetId } = await service.upload('concrete.csv'));
  straight = await straightOutcome(service, projectId, regression(datasetId, 100));
});
afterAll(() => service.stop());

type Damage = (path: string) => Promise<void>;
const flip: Damage = async (path) => {
  const content = await readFile(path);
  content[Math.floor(content.length / 2)]! ^= 0xff;
  await writeFile(path, content);
};

/** Kills a job's trainer, damages checkpoints before the next one begins, and lets it go on. */
async function train(damageAll: (newestFirst: readonly string[]) => Promise<void>) {
  const { store, blobs } = service.context;
  const job = await service.create(projectId, regression(datasetId, 100));
  await untilStep(service, job.id, 300);
  process.kill(await trainerOf(worker), 'SIGKILL');
  await untilRunsEnded(service, job.id, 1);
  const checkpoints = await store.checkpoints.list(job.id);
  await damageAll(await Promise.all(checkpoints.map(({ blobKey }) => blobs.localPath(blobKey))));
  const ended = await service.untilEnded(job.id, PATIENCE);
  expect(ended).toMatchObject({ status: 'succeeded', faults: 1 });
  expect(await outcomeOf(service, ended)).toEqual(straight);
  const [, second] = await runsOf(service, job.id);
  const events = await store.events.list(job.id, 0, 10_000);
  const warnings = events.filter(({ type }) => type === 'warning').map(({ data }) => data);
  return { checkpoints, warnings, resumedFromStep: second!.resumedFromStep };
}

const unreadable = ({ id, step }: CheckpointRow, rest: RegExp) => ({
  code: 'checkpointUnreadable',
  message: expect.stringMatching(
    new RegExp(`^The checkpoint ${id} \\(stage 1, step ${step}\\) .*${rest.source}$`),
  ),
});

describe('a checkpoint that can’t be read', () => {
  it.each<[string, Damage, RegExp]>([
    ['of changed bytes', flip, /was changed; the one before it is tried/],
    ['cut off', (path) => truncate(path, 1_000), /cut off or was changed; the one before it is tried/],
    ['empty', (path) => truncate(path), /cut off or was changed; the one before it is tried/],
    ['gone', (path) => rm(path), /has no file any more; the one before it is tried/],
  ])('%s: the one before it is used, and the run says so', async (_, damage, words) => {
    const { checkpoints, warnings, resumedFromStep } = await train(([newest]) => damage(newest!));
    expect(resumedFromStep).toBe(checkpoints[1]!.step);
    expect(warnings).toEqual([unreadable(checkpoints[0]!, words)]);
  });

  it('nor any before it: the job begins from its start, and says so', async () => {
    const { checkpoints, warnings, resumedFromStep } = await train(async (paths) => {
      for (const path of paths) await flip(path);
    });
    expect(resumedFromStep).toBeNull();
    expect(checkpoints).toHaveLength(3);
    expect(warnings).toEqual([
      unreadable(checkpoints[0]!, /the one before it is tried/),
      unreadable(checkpoints[1]!, /the one before it is tried/),
      unreadable(checkpoints[2]!, /the job begins from its start/),
    ]);
  });
});
