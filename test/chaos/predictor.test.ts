import type { ChildProcess } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TestService } from '../integration/service.ts';
import { childrenOf } from '../processes.ts';
import { PATIENCE } from './one-job.ts';
import { regression } from './specs.ts';

let service: TestService;
let url: string;
let modelId: string;
let workers: ChildProcess[];

beforeAll(async () => {
  service = await TestService.start();
  workers = [await service.startWorker()];
  url = await service.startApi();
  const { projectId, datasetId } = await service.upload('concrete.csv');
  // Its dropout is wide, so that many passes take long.
  const layers = [
    { type: 'dense' as const, units: 32, activation: 'relu' as const },
    { type: 'dropout' as const, rate: 0.1 },
  ];
  const job = await service.create(projectId, regression(datasetId, 1, { model: { layers } }));
  modelId = (await service.untilEnded(job.id, PATIENCE)).modelId!;
});
afterAll(() => service.stop());

/** One that takes its time. */
async function predict(): Promise<{ status: number; retryAfter: string | null; code: string | undefined }> {
  const response = await fetch(`${url}/v1/models/${modelId}/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      inputs: Array.from({ length: 400 }, () => [500, 0, 0, 160, 3, 1000, 700, 28]),
      mcDropout: { samples: 500 },
    }),
  });
  const { code } = (await response.json()) as { code?: string };
  return { status: response.status, retryAfter: response.headers.get('retry-after'), code };
}

async function predictorOf(worker: ChildProcess): Promise<number> {
  const found = (await childrenOf(worker.pid!)).find(({ program }) => program.includes('predictor.js'));
  return found?.pid ?? 0;
}

/** Ten predictions at once, and SIGKILL of predictors among them. */
async function predictUnderFire(victims: readonly ChildProcess[]) {
  const answers = Array.from({ length: 10 }, predict);
  await Promise.race(answers);
  for (const worker of victims) process.kill(await predictorOf(worker), 'SIGKILL');
  return Promise.all(answers);
}

const isUp = async () => (await predict()).status === 200;

describe('predictions whose predictor is killed', () => {
  it('are answered, or told to come again; a new predictor comes up', async () => {
    expect(await isUp()).toBe(true);
    const answers = await predictUnderFire(workers);
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(0);
    for (const answer of refused)
      expect(answer).toMatchObject({ status: 503, code: 'unavailable', retryAfter: '2' });
    await vi.waitUntil(isUp, { timeout: 120_000, interval: 200 });
  });

  it('are all answered where another worker is up', async () => {
    workers.push(await service.startWorker());
    expect(await isUp()).toBe(true);
    for (const victim of workers) {
      const answers = await predictUnderFire([victim]);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      await vi.waitUntil(() => predictorOf(victim), { timeout: 120_000 });
      await vi.waitUntil(async () => (await upUrls()).length === 2, { timeout: 120_000 });
    }
  });
});

async function upUrls(): Promise<string[]> {
  const alive = await service.context.store.workers.alive(new Date(Date.now() - 2_000));
  return alive.flatMap(({ predictorUrl }) => predictorUrl ?? []);
}
