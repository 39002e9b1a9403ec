import { existsSync } from 'node:fs';
import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRunRecorder } from '../../src/jobs/run-recorder.ts';
import type { Claim, RunService } from '../../src/jobs/run-service.ts';
import type { JobSpecInput } from '../../src/spec/job.ts';
import { TestService } from './service.ts';

/** What is written of a run where another job, or another run of its own, is in play. */

let service: TestService;
let runs: RunService;
let projectId: string;
let spec: JobSpecInput;

beforeAll(async () => {
  service = await TestService.start();
  runs = service.runs;
  const uploaded = await service.upload('concrete.csv');
  projectId = uploaded.projectId;
  spec = {
    data: { dataset: uploaded.datasetId, target: 'strength' },
    model: { layers: [{ type: 'dense', units: 4, activation: 'relu' }] },
    stages: [{ epochs: 1 }],
  };
});
afterAll(() => service.stop());

const silence = () => new Date(Date.now() + 60_000);

describe('a run that has a twin', () => {
  it('keeps its checkpoint, though the twin discards the same content before a row names it', async () => {
    const job = await service.create(projectId, spec);
    const claim = (await runs.claim({ jobId: job.id, attempt: 1 }, 'wrk_a'))!;
    const path = join(await mkdtemp(join(service.home, 'twin-')), 'checkpoint');
    await writeFile(path, 'what both have learned');
    const { blobs } = service.context;
    const putFile = async (file: string) => {
      const blob = await blobs.putFile(file);
      if (putFile.calls++ === 0) await blobs.delete(blob.key);
      return blob;
    };
    putFile.calls = 0;
    const recorder = createRunRecorder({ ...service.context, runs, blobs: { ...blobs, putFile } }, claim);

    await recorder.record({ type: 'checkpoint', position: { stage: 1, epoch: 1, step: 1 }, path });

    const [checkpoint] = await service.context.store.checkpoints.list(job.id);
    expect(await readFile(await blobs.localPath(checkpoint!.blobKey), 'utf8')).toBe('what both have learned');
    expect(putFile.calls).toBe(2);
    expect(existsSync(path)).toBe(false);
  });
});

describe('a run that goes on where another was', () => {
  it.each([
    ['scripted', 0],
    ['scripted, 8 threads', 1],
  ])('on %s warns as often as %i times', async (device, warnings) => {
    const job = await service.create(projectId, spec);
    const recorderOf = (claim: Claim | null) => createRunRecorder({ ...service.context, runs }, claim!);
    const first = recorderOf(await runs.claim({ jobId: job.id, attempt: 1 }, 'wrk_a'));
    await first.record({ type: 'started', device: 'scripted' });
    const position = { stage: 1, epoch: 1, step: 1 };
    const path = join(await mkdtemp(join(service.home, 'checkpoint-')), 'checkpoint');
    await writeFile(path, `of a run before ${device}`);
    await first.record({ type: 'checkpoint', position, path });
    await runs.giveUpLost(job.id, silence());
    // It ends before it has a checkpoint of its own: none goes on from what it computed.
    const between = recorderOf(await runs.claim({ jobId: job.id, attempt: 2 }, 'wrk_b'));
    await between.record({ type: 'started', device: 'between' });
    await runs.giveUpLost(job.id, silence());

    const last = recorderOf(await runs.claim({ jobId: job.id, attempt: 3 }, 'wrk_c'));
    await last.record({ type: 'started', device, resumedFrom: position });

    const events = await service.context.store.events.list(job.id, 0, 100);
    const warned = events.filter(({ type }) => type === 'warning').map(({ data }) => data);
    expect(warned).toHaveLength(warnings);
    for (const warning of warned) {
      expect(warning.code).toBe('otherDevice');
      expect(warning.message).toMatch('with scripted, 8 threads, after scripted:');
    }
  });
});
