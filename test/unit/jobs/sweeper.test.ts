import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { JobMessage, Store } from '../../../src/jobs/ports.ts';
import type { JobRow } from '../../../src/jobs/rows.ts';
import { createSweeper } from '../../../src/jobs/sweeper.ts';

const LEASE_MS = 50;

interface Faults {
  database?: boolean;
  queue?: boolean;
}

/** A sweeper over some silent and some queued jobs; `present` are those whose message is in the queue. */
function sweeping({ faults = {}, silent = 1, queued = 1, present = [], held = 0, room = 0 }: Setting) {
  const givenUp: string[] = [];
  const added: string[] = [];
  const events: object[] = [];
  const fail = (what?: boolean) => (what ? Promise.reject(new Error('away')) : Promise.resolve());
  const still = Array.from({ length: silent }, (_, i) => ({ id: `job_silent_${i}` }));
  const jobs = Array.from({ length: queued }, (_, i) => {
    const statusDetail = i < held ? 'waiting for another job of the project to end' : null;
    return {
      id: `job_${i}`,
      projectId: 'prj',
      status: 'queued',
      attempt: 1,
      priority: 0,
      statusDetail,
    } as JobRow;
  });
  const store = {
    ping: () => fail(faults.database),
    jobs: {
      silentSince: async (_: Date, limit: number) =>
        still.filter(({ id }) => !givenUp.includes(id)).slice(0, limit),
      queuedBefore: async (_: Date, limit: number, after?: JobRow) => {
        const from = after ? jobs.findIndex(({ id }) => id === after.id) + 1 : 0;
        return jobs.slice(from, from + limit);
      },
      lock: async (id: string) => jobs.find((job) => job.id === id) ?? null,
    },
    events: {
      append: async (id: string, type: string, data: object) => void events.push({ id, type, ...data }),
    },
    transaction: (work: (inside: Store) => Promise<unknown>) => work(store),
  } as unknown as Store;
  const queue = {
    has: async ({ jobId }: JobMessage) => present.includes(jobId),
    add: async ({ jobId }: JobMessage) => {
      await fail(faults.queue);
      added.push(jobId);
    },
  };
  const runs = {
    giveUpLost: async (id: string) => {
      givenUp.push(id);
      return true;
    },
  };
  const limits = { freeToRun: async () => room };
  return {
    givenUp,
    added,
    events,
    sweeper: createSweeper({ store, queue, runs, limits, leaseMs: LEASE_MS }),
  };
}

interface Setting {
  faults?: Faults;
  silent?: number;
  queued?: number;
  present?: string[];
  /** Of the queued, the first so many were held back by their project's limit. */
  held?: number;
  room?: number;
}

it('gives no run up for the silence of a database that was away', async () => {
  const faults: Faults = { database: true };
  const { givenUp, sweeper } = sweeping({ faults });
  await expect(sweeper.sweep()).rejects.toThrow('away');
  faults.database = false;
  await sweeper.sweep();
  expect(givenUp).toEqual([]);
  await sleep(LEASE_MS + 10);
  await sweeper.sweep();
  expect(givenUp).toEqual(['job_silent_0']);
});

it('gives no run up until it has been there for as long as a lease', async () => {
  const { givenUp, sweeper } = sweeping({});
  await sweeper.sweep();
  expect(givenUp).toEqual([]);
});

it('gives silent runs up while the queue is away', async () => {
  const { givenUp, sweeper } = sweeping({ faults: { queue: true } });
  await sleep(LEASE_MS + 10);
  await expect(sweeper.sweep()).rejects.toThrow('away');
  expect(givenUp).toEqual(['job_silent_0']);
});

it('sees all, however many there are', async () => {
  const { givenUp, added, sweeper } = sweeping({ silent: 250, queued: 321 });
  await sleep(LEASE_MS + 10);
  await sweeper.sweep();
  expect(new Set(givenUp).size).toBe(250);
  expect(added).toEqual(Array.from({ length: 321 }, (_, i) => `job_${i}`));
});

it('says what it queued again, and only of what was gone', async () => {
  const { added, events, sweeper } = sweeping({ queued: 3, present: ['job_0', 'job_2'] });
  await sweeper.sweep();
  expect(added).toEqual(['job_1']);
  const reason = 'its message was not in the queue';
  expect(events).toEqual([{ id: 'job_1', type: 'sweep', action: 'requeued', attempt: 1, reason }]);
});

it('sends as many of a project’s held jobs as it has room for, without a word', async () => {
  const { added, events, sweeper } = sweeping({ queued: 5, held: 4, present: ['job_4'], room: 2 });
  await sweeper.sweep();
  expect([added, events]).toEqual([['job_0', 'job_1'], []]);
});
