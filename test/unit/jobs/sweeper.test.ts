import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { Store } from '../../../src/jobs/ports.ts';
import { createSweeper } from '../../../src/jobs/sweeper.ts';

const LEASE_MS = 50;

function sweeping(faults: { database?: boolean; queue?: boolean }) {
  const givenUp: string[] = [];
  const fail = (what?: boolean) => (what ? Promise.reject(new Error('away')) : Promise.resolve());
  const store = {
    ping: () => fail(faults.database),
    jobs: {
      silentSince: async () => [{ id: 'job_silent' }],
      queuedBefore: async () => [{ id: 'job_queued' }],
    },
  } as unknown as Store;
  const queue = { add: () => fail(faults.queue) };
  const runs = { giveUpLost: async (id: string) => (givenUp.push(id), true) };
  return { givenUp, sweeper: createSweeper({ store, queue, runs, leaseMs: LEASE_MS }) };
}

it('gives no run up for the silence of a database that was away', async () => {
  const faults = { database: true };
  const { givenUp, sweeper } = sweeping(faults);
  await expect(sweeper.sweep()).rejects.toThrow('away');
  faults.database = false;
  await sweeper.sweep();
  expect(givenUp).toEqual([]);
  await sleep(LEASE_MS + 10);
  await sweeper.sweep();
  expect(givenUp).toEqual(['job_silent']);
});

it('gives silent runs up while the queue is away', async () => {
  const { givenUp, sweeper } = sweeping({ queue: true });
  await expect(sweeper.sweep()).rejects.toThrow('away');
  await expect(sweeper.sweep()).rejects.toThrow('away');
  expect(givenUp).toEqual(['job_silent', 'job_silent']);
});
