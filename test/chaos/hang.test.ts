import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { TestService } from '../integration/service.ts';
import { isAlive, trainerOf } from '../processes.ts';
import { injectIntoTrainers } from './inject.ts';
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

/** A job of this seed sends its first trainer into an endless loop, once it is on its way. */
const LOOPS = 13;
/** A trainer that starts on a slow machine says nothing for seconds. */
const SILENCE_MS = 25_000;
const GRACE_MS = 3_000;

let service: TestService;
let worker: Awaited<ReturnType<TestService['startWorker']>>;
let projectId: string;
let datasetId: string;
let straight: Outcome;

beforeAll(async () => {
  service = await TestService.start({
    TRAINYARD_TRAINER_SILENCE_MS: `${SILENCE_MS}`,
    TRAINYARD_CANCEL_GRACE_MS: `${GRACE_MS}`,
  });
  const marker = JSON.stringify(join(service.home, 'looped'));
  const loop = `
    const { existsSync, writeFileSync } = require('node:fs');
    if (spec.seed !== ${LOOPS} || existsSync(${marker})) return;
    const { send } = process;
    process.send = function (message, ...rest) {
      const sent = send.call(this, message, ...rest);
      if (message.type === 'checkpoint') setTimeout(() => { writeFileSync(${marker}, ''); for (;;); }, 100);
      return sent;
    };
  `;
  worker = await service.startWorker(await injectIntoTrainers(service.home, loop));
  ({ projectId, datasetId } = await service.upload('concrete.csv'));
  straight = await straightOutcome(service, projectId, regression(datasetId, 100));
});
afterAll(() => service.stop());

const stopTrainer = async () => {
  const pid = await trainerOf(worker);
  process.kill(pid, 'SIGSTOP');
  return pid;
};

async function expectHungOnce(jobId: string): Promise<void> {
  const [first] = await runsOf(service, jobId);
  expect(first).toMatchObject({
    status: 'failed',
    failure: { code: 'hung', message: `The trainer was silent for ${SILENCE_MS / 1_000} s`, retryable: true },
  });
  const ended = await service.untilEnded(jobId, PATIENCE);
  expect(ended).toMatchObject({ status: 'succeeded', faults: 1 });
  expect((await runsOf(service, jobId))[1]!.resumedFromStep).toBeGreaterThan(0);
}

describe('a trainer that hangs', () => {
  it('is killed after its silence, and another goes on to the same weights', async () => {
    const job = await service.create(projectId, regression(datasetId, 100));
    await untilStep(service, job.id, 200);
    const pid = await stopTrainer();
    const stoppedAt = Date.now();
    await untilRunsEnded(service, job.id, 1);
    expect(Date.now() - stoppedAt).toBeGreaterThan(SILENCE_MS - 1_000);
    expect(isAlive(pid)).toBe(false);
    await expectHungOnce(job.id);
    expect(await outcomeOf(service, await service.untilEnded(job.id))).toEqual(straight);
  });

  it('in an endless loop of its own, neither', async () => {
    const job = await service.create(projectId, regression(datasetId, 100, { seed: LOOPS }));
    await untilRunsEnded(service, job.id, 1);
    await expectHungOnce(job.id);
  });

  it('ends within the grace when its job is cancelled', async () => {
    const job = await service.create(projectId, regression(datasetId, 100));
    await untilStep(service, job.id, 100);
    const pid = await stopTrainer();
    await service.context.jobs.cancel(projectId, job.id);
    const askedAt = Date.now();
    const ended = await service.untilEnded(job.id, PATIENCE);
    expect(Date.now() - askedAt).toBeLessThan(GRACE_MS + 5_000);
    expect(ended).toMatchObject({ status: 'cancelled', failure: null });
    await vi.waitUntil(() => !isAlive(pid));
  });

  it('ends when its job has used up its time', async () => {
    const job = await service.create(projectId, regression(datasetId, 10_000, { limits: { maxSeconds: 6 } }));
    await service.until(job.id, ({ status }) => status === 'running', PATIENCE);
    await vi.waitUntil(
      () =>
        trainerOf(worker).then(
          () => true,
          () => false,
        ),
      { timeout: 5_000 },
    );
    await stopTrainer();
    const ended = await service.untilEnded(job.id, PATIENCE);
    expect(ended).toMatchObject({ status: 'failed', failure: { code: 'timeout', retryable: false } });
    expect(await runsOf(service, job.id)).toHaveLength(1);
  });
});
