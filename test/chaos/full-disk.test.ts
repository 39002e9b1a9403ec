import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { TestService } from '../integration/service.ts';
import { SLOW_MODEL } from '../slow-model.ts';
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

const MEGABYTE = 2 ** 20;

describe.skipIf(!mayMount)('a disk that is full', () => {
  let service: TestService;
  let disk: SmallDisk;
  let projectId: string;
  let datasetId: string;

  /** @param folder of the home that is on the small disk; the logs are with it where it is the home itself */
  async function startOn(folder: string): Promise<void> {
    service = await TestService.start({}, async (home) => {
      await mkdir(join(home, folder), { recursive: true });
      disk = mountSmallDisk(join(home, folder), 16 * MEGABYTE);
    });
    await service.startWorker();
    ({ projectId, datasetId } = await service.upload('concrete.csv'));
  }

  /** Whatever room outdated checkpoints and ended runs leave meanwhile is taken too. */
  async function whileFull<T>(work: () => Promise<T>): Promise<T> {
    disk.fill();
    const keepFull = setInterval(() => disk.fill(), 20);
    return work().finally(() => clearInterval(keepFull));
  }

  describe('in the middle of a checkpoint', () => {
    let straight: Outcome;
    beforeAll(async () => {
      await startOn('.');
      straight = await straightOutcome(service, projectId, regression(datasetId, 100));
    });
    afterAll(async () => {
      await service.stop().catch(() => {});
      disk.unmount();
    });

    it('costs a run; with room again, the next goes on from the last whole checkpoint to the same weights', async () => {
      const job = await service.create(projectId, regression(datasetId, 100));
      await untilStep(service, job.id, 200);
      await whileFull(() => untilRunsEnded(service, job.id, 1));
      disk.free();
      const ended = await service.untilEnded(job.id, PATIENCE);
      const runs = await runsOf(service, job.id);
      expect(runs[0]).toMatchObject({ status: 'failed', failure: { code: 'storage', retryable: true } });
      expect(runs[0]!.failure!.message).toMatch(/^The disk is full: /);
      expect(runs.at(-1)!.resumedFromStep).toBeGreaterThan(0);
      expect(ended.status).toBe('succeeded');
      expect(await outcomeOf(service, ended)).toEqual(straight);
      expect(await filesOf(service.home)).toMatchObject({ unfinished: [], work: [] });
    });

    it('ends a job once its retries are used up, and says why; the API answers meanwhile', async () => {
      const url = await service.startApi();
      const upload = (name: string) =>
        fetch(`${url}/v1/datasets?name=${name}`, {
          method: 'POST',
          headers: { 'content-type': 'text/csv' },
          body: `x,y\n${'1,2\n'.repeat(50_000)}`,
        });
      const job = await service.create(projectId, regression(datasetId, 100, { retries: 1 }));
      await untilStep(service, job.id, 200);
      const ended = await whileFull(() => service.untilEnded(job.id, PATIENCE));
      expect(ended).toMatchObject({ status: 'failed', faults: 2, failure: { code: 'storage' } });
      expect(ended.failure!.message).toMatch(/^The disk is full: /);

      disk.fill();
      const refused = await upload('none');
      expect(refused.status).toBe(507);
      expect(refused.headers.get('content-type')).toBe('application/problem+json');
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({ code: 'diskFull', title: 'The service’s disk is full' });
      const ready = await fetch(`${url}/health/ready`);
      expect(ready.status).toBe(503);
      expect(await ready.json()).toMatchObject({ detail: 'Not ready: blobs' });
      expect((await fetch(`${url}/v1/jobs/${job.id}`)).status).toBe(200);

      disk.free();
      expect((await fetch(`${url}/health/ready`)).status).toBe(200);
      expect((await upload('some')).status).toBe(201);
      expect((await filesOf(service.home)).unfinished).toEqual([]);
      const again = await service.context.jobs.retry(projectId, job.id, {});
      expect(await outcomeOf(service, await service.untilEnded(again.id, PATIENCE))).toEqual(straight);
    });
  });

  describe('where artifacts and models go, which isn’t where they are written', () => {
    beforeAll(() => startOn('blobs'));
    afterAll(async () => {
      disk.unmount();
      await service.stop();
    });

    it.each([
      ['an artifact', 0],
      ['the model', 64 * 1024],
    ])('costs a run for %s, and nothing is left half-written', async (_, spare) => {
      const spec = regression(datasetId, 100, {
        seed: 4 + spare,
        model: {
          layers: [...SLOW_MODEL.layers, ...[1, 2].map(() => ({ type: 'dense' as const, units: 256 }))],
        },
        stages: [{ epochs: 30 }],
        checkpoint: { everySteps: 100_000 },
      });
      const straight = await straightOutcome(service, projectId, spec);
      const job = await service.create(projectId, spec);
      await untilStep(service, job.id, 20);
      disk.fill(spare);
      await untilRunsEnded(service, job.id, 1);
      const [first] = await runsOf(service, job.id);
      expect(first!.failure).toMatchObject({
        code: 'storage',
        message: 'The disk is full: what the run produced could not be stored',
      });
      const artifacts = (await service.context.store.artifacts.list(job.id)).map(({ name }) => name);
      expect(artifacts).toEqual(spare === 0 ? [] : ['evaluation.json']);
      expect((await filesOf(service.home)).unfinished).toEqual([]);
      disk.free();
      const ended = await service.untilEnded(job.id, PATIENCE);
      expect(ended.status).toBe('succeeded');
      expect(await outcomeOf(service, ended)).toEqual(straight);
    });
  });
});
