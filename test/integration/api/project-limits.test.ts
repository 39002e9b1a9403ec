import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { createRunService } from '../../../src/jobs/run-service.ts';
import { jobSpec, pipelineSpec, TestApi } from '../../api-server.ts';

describe('a project’s limits', () => {
  it('bound its queue, jobs that wait included, and say when to ask again', async () => {
    const small = await TestApi.start({ TRAINYARD_MAX_QUEUED_JOBS: '2' });
    try {
      const { id } = await small.createDataset();
      const first = (await small.post('/v1/jobs', jobSpec(id))).json();
      const pipeline = await small.post('/v1/pipelines', pipelineSpec(id));
      expect(pipeline.statusCode).toBe(429);
      expect((await small.post('/v1/jobs', jobSpec(id))).statusCode).toBe(202);
      const refused = await small.post('/v1/jobs', jobSpec(id));
      expect(refused.headers['retry-after']).toBe('10');
      expect(refused.json()).toMatchObject({
        ...{ status: 429, code: 'tooManyJobs' },
        detail: 'The project has 2 jobs in the queue, and may have 2',
      });
      const elsewhere = await small.createKey(['write'], 'elsewhere');
      const other = await small.request(
        {
          ...{ method: 'POST', url: '/v1/datasets?name=x', payload: 'x,y\n1,2\n2,3\n3,4\n4,5\n' },
          headers: { 'content-type': 'text/csv' },
        },
        elsewhere,
      );
      expect((await small.post('/v1/jobs', jobSpec(other.json().id), elsewhere)).statusCode).toBe(202);
      await small.post(first.urls.pause, {});
      expect((await small.post('/v1/jobs', jobSpec(id))).statusCode).toBe(202);
      expect((await small.post(first.urls.resume, {})).json()).toMatchObject({ code: 'tooManyJobs' });
    } finally {
      await small.stop();
    }
  });

  it('hold under many requests at once', async () => {
    const small = await TestApi.start({ TRAINYARD_MAX_QUEUED_JOBS: '3' });
    try {
      const { id } = await small.createDataset();
      const answers = await Promise.all(Array.from({ length: 9 }, () => small.post('/v1/jobs', jobSpec(id))));
      expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([
        ...[202, 202, 202, 429, 429, 429, 429, 429, 429],
      ]);
    } finally {
      await small.stop();
    }
  });

  it('bound what it stores: the same content counts once, and a full one trains nothing', async () => {
    const csv = (n: number) => `x,y\n${Array.from({ length: 20 }, (_, i) => `${i},${i + n}`).join('\n')}\n`;
    const bytes = csv(0).length;
    const small = await TestApi.start({ TRAINYARD_MAX_STORED_BYTES: String(bytes + 20) });
    try {
      const { id } = (await small.upload(csv(0))).json();
      const refused = await small.upload(csv(1));
      expect(refused.json()).toMatchObject({ status: 409, code: 'storageFull' });
      expect(refused.json().detail).toMatch(
        /^The project stores \d+ of the \d+ bytes that it may, and these are/,
      );
      expect(await small.blobs()).toEqual([createHash('sha256').update(csv(0)).digest('hex')]);
      expect((await small.post('/v1/jobs', jobSpec(id))).statusCode).toBe(202);
      const { store, blobs } = small.context;
      const jobId = (await small.get('/v1/jobs')).json().data[0].id;
      const big = await blobs.put(Readable.from([Buffer.alloc(100)]));
      const place = { stage: 1, epoch: 1, step: 1, createdAt: new Date() };
      for (const ckp of ['ckp_a', 'ckp_b'])
        await store.checkpoints.insert({
          id: ckp,
          jobId,
          runId: 'run_1',
          ...place,
          blobKey: big.key,
          bytes: 100,
        });
      const { projectId } = (await store.jobs.get(jobId))!;
      expect(await store.projects.storedBytes(projectId)).toBe(bytes + 100);
      expect((await small.post('/v1/jobs', jobSpec(id))).json()).toMatchObject({ code: 'storageFull' });
    } finally {
      await small.stop();
    }
  });

  it('bound how many jobs run: what is above stays queued and says why', async () => {
    const small = await TestApi.start({ TRAINYARD_MAX_RUNNING_JOBS: '2' });
    try {
      const { store, queue, limits } = small.context;
      const onQueueError = () => {};
      const some = createRunService({ store, queue, limits, onQueueError });
      const { id } = await small.createDataset();
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) ids.push((await small.post('/v1/jobs', jobSpec(id))).json().id);
      const take = () => Promise.all(ids.map((jobId) => some.claim({ jobId, attempt: 1 }, 'wrk_test')));
      const claims = (await take()).filter((each) => each !== null);
      expect(claims).toHaveLength(2);
      const held = (await small.get('/v1/jobs?status=queued')).json().data;
      expect(held).toHaveLength(3);
      for (const { statusDetail } of held)
        expect(statusDetail).toBe('waiting for another job of the project to end');
      await some.fail(claims[0]!, { code: 'diverged', message: 'no number', retryable: false });
      expect((await take()).filter((each) => each !== null)).toHaveLength(1);
    } finally {
      await small.stop();
    }
  });
});
