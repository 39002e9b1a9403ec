import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestService } from '../integration/service.ts';
import { injectIntoTrainers } from './inject.ts';
import { PATIENCE, runsOf } from './one-job.ts';
import { regression } from './specs.ts';

/** What a job's trainer does is in its seed. */
const POISON = { killsItself: 666, killsItsWorker: 667, crashes: 668 } as const;
const DEEDS = `
  const after = (ms, deed) => setTimeout(deed, ms);
  if (spec.seed === ${POISON.killsItself}) after(50, () => process.kill(process.pid, 'SIGKILL'));
  if (spec.seed === ${POISON.killsItsWorker}) after(50, () => process.kill(process.ppid, 'SIGKILL'));
  if (spec.seed === ${POISON.crashes}) process.exit(3);
`;

let service: TestService;
let projectId: string;
let datasetId: string;
let stopped = false;
let workersLost = 0;

/** As a supervisor does: a worker that ends is started again. */
async function keepWorkerUp(environment: Record<string, string>): Promise<void> {
  const worker = await service.startWorker(environment);
  void once(worker, 'exit').then(() => {
    if (stopped) return;
    workersLost++;
    return keepWorkerUp(environment);
  });
}

beforeAll(async () => {
  service = await TestService.start();
  await keepWorkerUp(await injectIntoTrainers(service.home, DEEDS));
  ({ projectId, datasetId } = await service.upload('concrete.csv'));
});
afterAll(async () => {
  stopped = true;
  await service.stop();
});

const create = (seed: number) => service.create(projectId, regression(datasetId, 2, { seed }));

describe('a poison job', () => {
  it('that kills its trainer each time ends once its retries are used up, and the others go on', async () => {
    const poison = await create(POISON.killsItself);
    const others = await Promise.all([1, 2].map(create));
    const ended = await service.untilEnded(poison.id, PATIENCE);
    expect(ended).toMatchObject({ status: 'failed', faults: 3, failure: { code: 'trainerKilled' } });
    expect(ended.failure!.message).toBe('The trainer was ended by SIGKILL');
    const runs = await runsOf(service, poison.id);
    expect(runs.map(({ status, attempt }) => [status, attempt])).toEqual([
      ['failed', 1],
      ['failed', 2],
      ['failed', 3],
    ]);
    for (const { id } of others) expect((await service.untilEnded(id, PATIENCE)).status).toBe('succeeded');
    expect(workersLost).toBe(0);
  });

  it('that kills its worker each time ends once its retries are used up, and the others go on', async () => {
    const poison = await create(POISON.killsItsWorker);
    const others = await Promise.all([3, 4].map(create));
    const ended = await service.untilEnded(poison.id, PATIENCE);
    expect(ended).toMatchObject({ status: 'failed', faults: 3, failure: { code: 'workerLost' } });
    expect(ended.failure!.message).toBe('The worker that ran the job vanished');
    expect((await runsOf(service, poison.id)).map(({ status }) => status)).toEqual(['lost', 'lost', 'lost']);
    for (const { id } of others) expect((await service.untilEnded(id, PATIENCE)).status).toBe('succeeded');
    expect(workersLost).toBe(3);
  });

  it('that crashes by itself, without a word, isn’t tried again', async () => {
    const ended = await service.untilEnded((await create(POISON.crashes)).id, PATIENCE);
    expect(ended).toMatchObject({ status: 'failed', failure: { code: 'bug', retryable: false } });
    expect(ended.failure!.message).toContain('exit code 3');
    expect(await runsOf(service, ended.id)).toHaveLength(1);
  });
});
