import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestService } from '../integration/service.ts';
import {
  filesOf,
  type Outcome,
  outcomeOf,
  PATIENCE,
  runsOf,
  straightOutcome,
  untilRunsEnded,
  untilStep,
} from './one-job.ts';
import { mayMount, mountSmallDisk, type SmallDisk } from './small-disk.ts';
import { regression } from './specs.ts';

let service: TestService;
let disk: SmallDisk | undefined;
let projectId: string;
let datasetId: string;
let straight: Outcome;

beforeAll(async () => {
  service = await TestService.start({}, async (home) => {
    await mkdir(join(home, 'blobs'));
    if (mayMount) disk = mountSmallDisk(join(home, 'blobs'), 64 * 2 ** 20);
  });
  await service.startWorker();
  ({ projectId, datasetId } = await service.upload('concrete.csv'));
  straight = await straightOutcome(service, projectId, regression(datasetId, 100));
});
afterAll(async () => {
  disk?.unmount();
  await service.stop();
});

/** Lets the store fail in the middle of a job, and mends it once a run has ended by it. */
async function trainWithout(store: { fail(): Promise<void>; mend(): Promise<void> }): Promise<void> {
  const job = await service.create(projectId, regression(datasetId, 100));
  await untilStep(service, job.id, 200);
  await store.fail();
  await untilRunsEnded(service, job.id, 1);
  await store.mend();
  const ended = await service.untilEnded(job.id, PATIENCE);
  const runs = await runsOf(service, job.id);
  expect(runs[0]).toMatchObject({
    status: 'failed',
    failure: { code: 'storage', message: 'What the run produced could not be stored', retryable: true },
  });
  expect(ended.status).toBe('succeeded');
  expect(runs.at(-1)!.resumedFromStep).toBeGreaterThan(0);
  expect(await outcomeOf(service, ended)).toEqual(straight);
  expect(await filesOf(service.home)).toMatchObject({ unfinished: [], work: [] });
}

describe('a store that fails in the middle of a checkpoint', () => {
  it.runIf(mayMount)('costs a run where it can only be read', () =>
    trainWithout({ fail: async () => disk!.readOnly(true), mend: async () => disk!.readOnly(false) }),
  );

  it('costs a run where it is gone, and no more', async () => {
    if (disk) disk.unmount();
    disk = undefined;
    await rm(join(service.home, 'blobs'), { recursive: true });
    await mkdir(join(service.home, 'blobs', 'tmp'), { recursive: true });
    ({ projectId, datasetId } = await service.upload('concrete.csv'));
    straight = await straightOutcome(service, projectId, regression(datasetId, 100));
    const [blobs, away] = ['blobs', 'away'].map((name) => join(service.home, name)) as [string, string];
    await trainWithout({
      async fail() {
        await rename(blobs, away);
        await writeFile(blobs, 'a file stands here');
      },
      async mend() {
        await rm(blobs);
        await rename(away, blobs);
      },
    });
  });
});
