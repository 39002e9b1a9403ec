import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Dice } from '../../fuzz/dice.ts';
import { query } from '../../postgres-server.ts';
import { childrenOf } from '../../processes.ts';
import type { Program } from '../program.ts';
import type { WholeService } from '../whole-service.ts';

/** Something that goes wrong, and is right again when `strike` resolves. */
export interface Fault {
  readonly name: string;
  /** How often it comes, beside the others. */
  readonly weight: number;
  /** Nothing is done to it meanwhile. */
  readonly target: object;
  /** @returns false where there was nothing to strike */
  strike(dice: Dice): Promise<unknown>;
}

/** Longer than the lease and the queue's lock, so that another worker takes the job over. */
const PAST_THE_LEASE_MS = [2_500, 4_500] as const;
const AWAY_MS = [500, 6_000] as const;

export function faultsOf(service: WholeService): Fault[] {
  return [
    ...service.workers.flatMap((worker) => workerFaults(worker, service)),
    ...service.apis.flatMap(apiFaults),
    ...postgresFaults(service),
    ...(service.redis === null ? [] : redisFaults(service.redis)),
  ];
}

function workerFaults(worker: Program, service: WholeService): Fault[] {
  const fault = (name: string, weight: number, strike: Fault['strike']): Fault => ({
    name,
    weight,
    target: worker,
    strike,
  });
  return [
    fault('trainer killed', 4, () => killChild(worker, 'trainer.js')),
    fault('predictor killed', 1, () => killChild(worker, 'predictor.js')),
    fault('worker killed', 3, async () => {
      await worker.kill();
      await worker.ready();
    }),
    fault('worker and its children killed', 2, async () => {
      const children = await childrenOf(worker.pid);
      for (const { pid } of children) kill(pid);
      await worker.kill();
      await worker.ready();
    }),
    fault('worker stopped past its lease, then continued', 3, async (dice) => {
      worker.signal('SIGSTOP');
      await sleep(within(PAST_THE_LEASE_MS, dice));
      worker.signal('SIGCONT');
    }),
    fault('worker deployed', 2, async () => {
      await worker.deploy();
      await worker.ready();
    }),
    fault('newest checkpoint damaged, trainer killed', 2, async (dice) => {
      if (!(await damageCheckpoint(service, dice))) return false;
      return killChild(worker, 'trainer.js');
    }),
  ];
}

function apiFaults(api: Program): Fault[] {
  return [
    {
      name: 'API killed',
      weight: 4,
      target: api,
      async strike() {
        await api.kill();
        await api.ready();
      },
    },
    {
      name: 'API deployed',
      weight: 1,
      target: api,
      async strike() {
        await api.deploy();
        await api.ready();
      },
    },
  ];
}

function postgresFaults({ postgres }: WholeService): Fault[] {
  const fault = (name: string, weight: number, strike: Fault['strike']): Fault => ({
    name,
    weight,
    target: postgres,
    strike,
  });
  return [
    fault('Postgres killed', 2, async () => {
      await postgres.kill();
      await postgres.start();
    }),
    fault('Postgres restarted', 2, async () => {
      await postgres.stop();
      await postgres.start();
    }),
    fault('Postgres away for seconds', 1, async (dice) => {
      await postgres.stop();
      await sleep(within(AWAY_MS, dice));
      await postgres.start();
    }),
    fault('sessions of Postgres terminated', 2, () =>
      query(
        postgres.url,
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
      ),
    ),
  ];
}

function redisFaults(redis: NonNullable<WholeService['redis']>): Fault[] {
  const fault = (name: string, weight: number, strike: Fault['strike']): Fault => ({
    name,
    weight,
    target: redis,
    strike,
  });
  return [
    fault('Redis killed', 2, async () => {
      await redis.stop('SIGKILL');
      await redis.start();
    }),
    fault('Redis away for seconds', 1, async (dice) => {
      await redis.stop();
      await sleep(within(AWAY_MS, dice));
      await redis.start();
    }),
    fault('Redis emptied', 2, () => empty(redis.url)),
  ];
}

/** @returns whether the worker had such a child */
async function killChild(worker: Program, program: string): Promise<boolean> {
  const children = await childrenOf(worker.pid).catch(() => []);
  const child = children.find((it) => it.program.includes(program));
  return child !== undefined && kill(child.pid);
}

function kill(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    return false; // it has ended by itself
  }
}

/** Overwrites a byte of the newest checkpoint of a running job. @returns whether there was one */
async function damageCheckpoint({ postgres, home }: WholeService, dice: Dice): Promise<boolean> {
  const [newest] = await query<{ blob_key: string }>(
    postgres.url,
    `SELECT blob_key FROM checkpoint JOIN job ON job.id = job_id WHERE job.status = 'running'
     ORDER BY checkpoint.created_at DESC LIMIT 1`,
  ).catch(() => []);
  if (newest === undefined) return false;
  const path = join(home, 'blobs', newest.blob_key.slice(0, 2), newest.blob_key);
  const file = await open(path, 'r+').catch(() => null);
  if (file === null) return false;
  const { size } = await file.stat();
  await file.write('#', dice.below(size));
  await file.close();
  return true;
}

export async function empty(redisUrl: string): Promise<void> {
  const client = new Redis(redisUrl);
  await client.flushall();
  client.disconnect();
}

function within([least, most]: readonly [number, number], dice: Dice): number {
  return least + dice.share() * (most - least);
}
