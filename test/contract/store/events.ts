import pg from 'pg';
import { expect, test, vi } from 'vitest';
import { createStore } from '../../../src/adapters/db/store.ts';
import { type Subject, storedJob } from './rows.ts';

export function events(subject: Subject): void {
  test('Events are numbered without a gap, though many append at once and some are undone', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    const append = (i: number) =>
      store.transaction(async (transaction) => {
        await transaction.events.append(job.id, 'epoch', { i, loss: NaN });
        if (i % 4 === 0) throw new Error('undone');
      });
    const outcomes = await Promise.allSettled(Array.from({ length: 24 }, (_, i) => append(i)));
    expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(6);

    const listed = await store.events.list(job.id, 0, 100);
    expect(listed.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 18 }, (_, i) => i + 1));
    expect(listed.every(({ data }) => data.loss === 'NaN')).toBe(true);
    expect(await store.events.list(job.id, 15, 2)).toEqual(listed.slice(15, 17));
  });

  test('What append answers is what the list tells', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    const event = await store.events.append(job.id, 'status', {
      status: 'queued',
      nested: [{ z: 1, a: null }],
    });
    expect(await store.events.list(job.id, 0, 10)).toEqual([event]);
    await expect(store.events.append('job_none', 'status', {})).rejects.toMatchObject({ code: 'notFound' });
  });

  test('Events that are appended together are numbered in their order, and answered as they are listed', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    const first = await store.events.append(job.id, 'status', {});
    const data = Array.from({ length: 50 }, (_, i) => ({ epoch: i, text: `it’s “${i}”, \\ {NULL}` }));
    const [several, ...others] = await Promise.all([
      store.events.appendAll(job.id, 'epoch', data),
      ...data.slice(0, 5).map((it) => store.events.appendAll(job.id, 'warning', [it, it])),
    ]);
    expect(several!.map((event) => event.data)).toEqual(data);
    const sequences = several!.map(({ sequence }) => sequence);
    expect(sequences).toEqual(data.map((_, i) => sequences[0]! + i));
    const all = [first, ...several!, ...others.flat()].sort((a, b) => a.sequence - b.sequence);
    expect(await store.events.list(job.id, 0, 100)).toEqual(all);
    expect(all.map(({ sequence }) => sequence)).toEqual(all.map((_, i) => i + 1));
    await expect(store.events.appendAll('job_none', 'epoch', data)).rejects.toMatchObject({
      code: 'notFound',
    });
    expect(await store.events.appendAll(job.id, 'epoch', [])).toEqual([]);
  });

  test('A listener hears of a job once its event is committed, and no more when it has stopped', async () => {
    const { store } = subject;
    const [job, first] = [await storedJob(store), await storedJob(store)];
    const heard: string[] = [];
    const stop = store.onJobChanged((jobId) => heard.push(jobId));
    await vi.waitFor(async () => {
      await store.events.append(first.id, 'warning', {});
      expect(heard).toContain(first.id);
    });
    await store.transaction(async (transaction) => {
      await transaction.events.append(job.id, 'warning', {});
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(heard).not.toContain(job.id);
    });
    await vi.waitFor(() => expect(heard).toContain(job.id));

    stop();
    const other = await storedJob(store);
    const later = new Promise((resolve) =>
      store.onJobChanged((jobId) => jobId === other.id && resolve(jobId)),
    );
    await store.events.append(other.id, 'warning', {});
    await later;
    expect(heard).not.toContain(other.id);
  });

  test('A listener in another process hears it too, and again after its connection was cut', async () => {
    const { store, url } = subject;
    const job = await storedJob(store);
    const away = await createStore({ url, poolSize: 1 });
    const heard = vi.fn();
    away.onJobChanged(heard);
    const isHeard = () =>
      vi.waitFor(
        async () => {
          await store.events.append(job.id, 'warning', {});
          expect(heard).toHaveBeenCalledWith(job.id);
        },
        { timeout: 5_000, interval: 100 },
      );
    await isHeard();
    await cutListeners(url);
    heard.mockClear();
    await isHeard();
    await away.close();
  });
}

async function cutListeners(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
     WHERE datname = current_database() AND query LIKE 'LISTEN%'`,
  );
  await client.end();
}
