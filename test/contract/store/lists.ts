import { expect, test } from 'vitest';
import type { Page, PageRequest, Store } from '../../../src/jobs/ports.ts';
import type { JobRow } from '../../../src/jobs/rows.ts';
import { datasetRow, jobRow, modelRow, newProject, STRUCTURE, type Subject } from './rows.ts';

export function lists(subject: Subject): void {
  test('Pages tell every row once, in the order of (createdAt, id), whatever is created meanwhile', async () => {
    const { store } = subject;
    const projectId = await newProject(store);
    const at = (second: number) => jobRow(projectId, { createdAt: new Date(second * 1_000) });
    const jobs = [at(3), at(1), at(2), at(2), at(2), at(1), at(3)];
    for (const job of jobs) await store.jobs.insert(job);
    await store.jobs.insert(jobRow(await newProject(store)));

    const first = await store.jobs.list(projectId, {}, { limit: 2 });
    const late = at(9);
    await store.jobs.insert(late);
    const rest = await pages((page) => store.jobs.list(projectId, {}, page), first.nextCursor);
    const order = (a: JobRow, b: JobRow) =>
      a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1);
    expect([...first.data, ...rest]).toEqual([...jobs, late].sort(order));
  });

  test('The last page says so, also when it is full', async () => {
    const { store } = subject;
    const projectId = await newProject(store);
    for (let i = 0; i < 2; i++) await store.datasets.insert(datasetRow(projectId));
    const next = async (limit: number) => (await store.datasets.list(projectId, {}, { limit })).nextCursor;
    expect([await next(1), await next(2), await next(3)]).toEqual([expect.any(String), null, null]);
    expect(await store.models.list(projectId, {}, { limit: 5 })).toEqual({ data: [], nextCursor: null });
  });

  test('A page ends where its documents get too large, and none of them is left out', async () => {
    const { store } = subject;
    const projectId = await newProject(store);
    const datasets = [3, 3, 3, 3, 20, 1].map((megabytes, second) => {
      const name = 'x'.repeat(megabytes * 2 ** 20);
      const schema = { rows: 2, columns: [{ name, type: 'number' as const, missing: 0, distinct: 2 }] };
      return datasetRow(projectId, { schema, createdAt: new Date(second * 1_000) });
    });
    for (const dataset of datasets) await store.datasets.insert(dataset);
    const sizes: number[] = [];
    const found = await pages(
      async (page) => {
        const next = await store.datasets.list(projectId, {}, page);
        sizes.push(next.data.length);
        return next;
      },
      undefined,
      10,
    );
    expect(found.map(({ id }) => id)).toEqual(datasets.map(({ id }) => id));
    expect(sizes).toEqual([3, 2, 1]);
  });

  test('Filters choose by status, name and label', async () => {
    const { store } = subject;
    const projectId = await newProject(store);
    const insert = async (changes: Partial<JobRow>) => {
      const job = jobRow(projectId, changes);
      await store.jobs.insert(job);
      return job.id;
    };
    const a = await insert({ name: 'a', labels: { team: 'lab' }, status: 'running' });
    const b = await insert({ name: 'b', labels: { team: 'lab', url: 'http://x/?y=z' } });
    const c = await insert({ name: 'a', labels: { team: 'ops' } });
    const found = async (filter: Parameters<Store['jobs']['list']>[1]) =>
      (await store.jobs.list(projectId, filter, { limit: 10 })).data.map(({ id }) => id);
    expect(await found({ name: 'a' })).toEqual([a, c]);
    expect(await found({ status: 'running' })).toEqual([a]);
    expect(await found({ label: 'team:lab' })).toEqual([a, b]);
    expect(await found({ label: 'team=ops', name: 'a' })).toEqual([c]);
    expect(await found({ label: 'url:http://x/?y=z' })).toEqual([b]);
    expect(await found({ label: 'team:LAB' })).toEqual([]);
    await expect(found({ label: 'team' })).rejects.toMatchObject({ code: 'invalidRequest' });

    await store.models.insert(modelRow(projectId, { name: 'm' }), STRUCTURE);
    expect((await store.models.list(projectId, { name: 'n' }, { limit: 9 })).data).toEqual([]);
    expect((await store.models.list(projectId, { name: 'm' }, { limit: 9 })).data).toHaveLength(1);
  });

  test.each([
    '',
    'x',
    'bnVsbA',
    Buffer.from('[1]').toString('base64url'),
    Buffer.from('["1","id"]').toString('base64url'),
    Buffer.from('[1e99,"id"]').toString('base64url'),
    Buffer.from('{}').toString('base64url'),
  ])('A cursor that no list answered is refused: %j', async (cursor) => {
    const projectId = await newProject(subject.store);
    const list = subject.store.jobs.list(projectId, {}, { limit: 1, cursor });
    await expect(list).rejects.toMatchObject({ name: 'TrainyardError', code: 'invalidRequest' });
  });
}

/** @param from a cursor; undefined for the first page */
async function pages<T>(
  list: (page: PageRequest) => Promise<Page<T>>,
  from: string | null | undefined,
  limit = 2,
): Promise<T[]> {
  const rows: T[] = [];
  for (let cursor = from; cursor !== null; ) {
    const page = await list({ limit, ...(cursor && { cursor }) });
    rows.push(...page.data);
    cursor = page.nextCursor;
  }
  return rows;
}
