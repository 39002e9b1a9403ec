import { expect, test } from 'vitest';
import { createStore } from '../../../src/adapters/db/store.ts';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import { lineTo } from '../../outage.ts';
import { jobRow, newProject, type Subject, storedJob } from './rows.ts';

export function outages(subject: Subject): void {
  test('While the database is away every call says so, without a query, and works when it is back', async () => {
    const line = await lineTo(subject.url);
    const store = await createStore({ url: line.url, poolSize: 2 });
    const job = await storedJob(store);
    const calls = [
      () => store.ping(),
      () => store.jobs.get(job.id),
      () => store.metrics.write(job.id, 'run_1', 0, []),
      () => store.transaction((transaction) => transaction.jobs.lock(job.id)),
      () => createStore({ url: line.url, poolSize: 1 }),
    ];
    await line.cut();
    for (const call of calls) {
      const error = await call().catch((reason) => reason);
      expect(error).toBeInstanceOf(TrainyardError);
      expect(error).toMatchObject({ code: 'unavailable', retryAfterSeconds: expect.any(Number) });
      expect(error.message).not.toMatch(/select|prisma|127\.0\.0\.1/i);
    }
    await line.mend();
    expect((await store.jobs.get(job.id))?.id).toBe(job.id);
    await store.close();
    await line.cut();
  });

  test('A transaction that loses its connection fails as unavailable and leaves nothing', async () => {
    const line = await lineTo(subject.url);
    const store = await createStore({ url: line.url, poolSize: 2 });
    const job = jobRow(await newProject(store));
    const cut = store.transaction(async (transaction) => {
      await transaction.jobs.insert(job);
      await line.cut();
      await transaction.events.append(job.id, 'status', {});
    });
    await expect(cut).rejects.toMatchObject({ code: 'unavailable' });
    expect(await subject.store.jobs.get(job.id)).toBeNull();
    await store.close();
  });

  test('A process that hangs in a transaction gives its rows back within seconds', async () => {
    const line = await lineTo(subject.url);
    const store = await createStore({ url: line.url, poolSize: 2 });
    const job = await storedJob(store);
    const hung = store.transaction(async (transaction) => {
      await transaction.jobs.lock(job.id);
      line.stall();
      const since = performance.now();
      await subject.store.transaction(({ jobs }) => jobs.lock(job.id));
      expect(performance.now() - since).toBeLessThan(20_000);
      await line.cut();
      await transaction.events.append(job.id, 'status', {});
    });
    await expect(hung).rejects.toMatchObject({ code: 'unavailable' });
    expect(await subject.store.events.list(job.id, 0, 10)).toEqual([]);
    await store.close();
  }, 60_000);

  test('A statement that the database refuses shows no query', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    const error = await store.jobs.insert(job).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'TrainyardError', code: 'internal', cause: expect.any(Error) });
    expect(error.message).not.toMatch(/insert|job|prisma/i);
  });
}
