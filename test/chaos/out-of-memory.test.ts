import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { JobSpecInput } from '../../src/spec/job.ts';
import { TestService } from '../integration/service.ts';
import { trainerOf } from '../processes.ts';
import { injectIntoTrainers } from './inject.ts';
import { PATIENCE, runsOf } from './one-job.ts';
import { regression } from './specs.ts';

let service: TestService;
afterEach(() => service.stop());

/** A job in a worker of its own must end as out of memory, in its first run; the worker goes on to another job. */
async function expectOutOfMemory(
  settings: (home: string) => Promise<Record<string, string>>,
  change: Partial<JobSpecInput> = {},
  confine: (pid: number) => void = () => {},
): Promise<void> {
  service = await TestService.start();
  const worker = await service.startWorker(await settings(service.home));
  // The worker, so that trainers to come are confined, and the one that stands ready already.
  for (const pid of [worker.pid!, await trainerOf(worker)]) confine(pid);
  const { projectId, datasetId } = await service.upload('concrete.csv');
  const job = await service.create(projectId, regression(datasetId, 100, { seed: HOARDS, ...change }));
  const ended = await service.untilEnded(job.id, PATIENCE);
  expect(ended).toMatchObject({
    status: 'failed',
    failure: {
      code: 'outOfMemory',
      message: 'The trainer ran out of memory; a smaller batch or model needs less',
      retryable: false,
    },
  });
  expect(await runsOf(service, job.id)).toHaveLength(1);
  const next = await service.create(projectId, regression(datasetId, 1));
  expect((await service.untilEnded(next.id, PATIENCE)).status).toBe('succeeded');
}

/** Only root may make control groups, and in a container often not even root. */
const mayGroup = triesToGroup();

const HOARDS = 5;
const onlyIfMeant = `if (spec.seed !== ${HOARDS}) return;`;

describe('a trainer without memory', () => {
  it('in V8’s heap: says so and isn’t tried again', () =>
    expectOutOfMemory((home) =>
      injectIntoTrainers(
        home,
        `${onlyIfMeant}
        const hoard = [];
        const more = () => { for (let i = 0; i < 200_000; i++) hoard.push({ i }); setImmediate(more); };
        setTimeout(more, 500);`,
        '--max-old-space-size=128',
      ),
    ));

  it('in the 4 GiB of WebAssembly: says so and isn’t tried again', () =>
    expectOutOfMemory(async () => ({}), {
      // Few weights, and for each batch 0.6 GiB at every second layer, several times over.
      model: {
        layers: [200_000, 8, 200_000, 8, 200_000].map((units) => ({
          type: 'dense' as const,
          units,
          activation: 'relu' as const,
        })),
      },
      stages: [{ epochs: 1, batchSize: 1000 }],
    }));

  it.skipIf(!mayGroup)('of its control group: the kernel’s kill is told as such', async () => {
    const group = makeGroup(512 * 2 ** 20);
    try {
      await expectOutOfMemory(
        (home) =>
          injectIntoTrainers(
            home,
            `${onlyIfMeant}
            const hoard = [];
            const more = () => { hoard.push(Buffer.alloc(16_777_216, 1)); setImmediate(more); };
            setTimeout(more, 500);`,
          ),
        {},
        (pid) => group!.take(pid),
      );
    } finally {
      group!.remove();
    }
  });
});

/** A control group whose processes may have so many bytes together; undefined where none can be made. */
function makeGroup(bytes: number): { take(pid: number): void; remove(): void } | undefined {
  const name = `trainyard-test-${process.pid}`;
  const v1 = existsSync('/sys/fs/cgroup/memory/cgroup.procs');
  const folder = join(v1 ? '/sys/fs/cgroup/memory' : '/sys/fs/cgroup', name);
  try {
    mkdirSync(folder);
    writeFileSync(join(folder, v1 ? 'memory.limit_in_bytes' : 'memory.max'), `${bytes}`);
    return {
      take: (pid) => writeFileSync(join(folder, 'cgroup.procs'), `${pid}`),
      remove() {
        // Whoever still is in it goes back to where this process is.
        const parent = join(folder, '..', 'cgroup.procs');
        for (const pid of readFileSync(join(folder, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean)) {
          writeFileSync(parent, pid);
        }
        rmdirSync(folder);
      },
    };
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return undefined;
  }
}

function triesToGroup(): boolean {
  const group = makeGroup(2 ** 20);
  group?.remove();
  return group !== undefined;
}
