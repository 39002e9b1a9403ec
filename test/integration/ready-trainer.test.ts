import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { JobSpecInput } from '../../src/spec/job.ts';
import { childrenOf, isAlive } from '../processes.ts';
import { SLOW_MODEL } from '../slow-model.ts';
import { TestService } from './service.ts';

/** The trainer that stands ready in a worker that has no run. */

let service: TestService;
let worker: ChildProcess;
let projectId: string;
let spec: JobSpecInput;

beforeAll(async () => {
  service = await TestService.start();
  worker = await service.startWorker();
  const uploaded = await service.upload('concrete.csv');
  projectId = uploaded.projectId;
  spec = {
    data: { dataset: uploaded.datasetId, target: 'strength' },
    model: SLOW_MODEL,
    stages: [{ epochs: 10 }],
  };
});
afterAll(() => service.stop());

async function trainers(): Promise<number[]> {
  const children = await childrenOf(worker.pid!);
  return children.filter(({ program }) => program.includes('trainer.js')).map(({ pid }) => pid);
}

/** Waits for one that isn't among these. */
function another(...before: number[]): Promise<number> {
  return vi.waitUntil(async () => (await trainers()).find((pid) => !before.includes(pid)), {
    timeout: 10_000,
  });
}

async function train(): Promise<void> {
  const { id } = await service.create(projectId, spec);
  expect(await service.untilEnded(id)).toMatchObject({ status: 'succeeded', faults: 0, attempt: 1 });
  expect(await service.context.store.runs.list(id)).toHaveLength(1);
}

describe('the trainer that stands ready', () => {
  it('takes the next run, beside which there is no other; then comes another', async () => {
    const ready = await another();
    const { id } = await service.create(projectId, spec);
    await service.until(id, ({ step }) => (step ?? 0) > 0);
    expect(await trainers()).toEqual([ready]);
    expect((await service.untilEnded(id)).status).toBe('succeeded');
    await another(ready);
    expect(isAlive(ready)).toBe(false);
    await train();
  });

  it('is replaced when it dies, which costs no job anything', async () => {
    const ready = await another();
    process.kill(ready, 'SIGKILL');
    const second = await another(ready);
    process.kill(second, 'SIGKILL');
    await vi.waitUntil(() => !isAlive(second));
    // Whether or not the next one stands ready yet.
    await train();
    await another(ready, second);
  });

  it('ends with its worker, however that ends', async () => {
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      const ready = await another();
      const exit = once(worker, 'exit');
      worker.kill(signal);
      await exit;
      await vi.waitUntil(() => !isAlive(ready), { timeout: 5_000 });
      worker = await service.startWorker();
    }
  });
});
