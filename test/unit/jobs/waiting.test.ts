import { describe, expect, it } from 'vitest';
import { transition } from '../../../src/jobs/lifecycle.ts';
import type { JobPatch, Store } from '../../../src/jobs/ports.ts';
import type { JobRow } from '../../../src/jobs/rows.ts';
import type { JobStatus } from '../../../src/spec/resource/job.ts';

/** a ← b ← c, and a ← d: an arrow leads to the job that is waited for. */
function chain() {
  const row = (id: string, status: JobStatus, waitsFor: string | null) =>
    ({ id, name: id, status, waitsFor, modelId: null, priority: 0, attempt: 1 }) as JobRow;
  const jobs = [
    row('a', 'running', null),
    row('b', 'waiting', 'a'),
    row('c', 'waiting', 'b'),
    row('d', 'waiting', 'a'),
  ];
  const events: Record<string, object[]> = { a: [], b: [], c: [], d: [] };
  const store = {
    jobs: {
      lockWaiting: async (id: string) =>
        jobs
          .filter(({ waitsFor, status }) => waitsFor === id && status === 'waiting')
          .map((job) => ({ ...job })),
      setStatus: async (id: string, status: JobStatus, patch: JobPatch) =>
        void Object.assign(jobs.find((job) => job.id === id)!, { status }, patch),
    },
    events: { append: async (id: string, _: string, data: object) => void events[id]!.push(data) },
  } as unknown as Store;
  const [a, b, c, d] = jobs as [JobRow, JobRow, JobRow, JobRow];
  return { store, jobs, events, a, b, c, d };
}

const statuses = (jobs: readonly JobRow[]) => jobs.map(({ status }) => status);

describe('jobs that wait for another', () => {
  it('are queued when that has made its model, and those behind them wait on', async () => {
    const { store, jobs, events, a, b } = chain();
    const queued = await transition(
      store,
      { ...a },
      { to: 'succeeded', reason: '', patch: { modelId: 'mdl_1' } },
    );
    expect(queued.map(({ id, status, parentModelId }) => [id, status, parentModelId])).toEqual([
      ['b', 'queued', 'mdl_1'],
      ['d', 'queued', 'mdl_1'],
    ]);
    expect(statuses(jobs)).toEqual(['succeeded', 'queued', 'waiting', 'queued']);
    expect(b).toMatchObject({ parentModelId: 'mdl_1', statusDetail: 'waiting for a worker' });
    expect(events.b).toEqual([
      { from: 'waiting', to: 'queued', attempt: 1, reason: 'the job “a” has made the model mdl_1' },
    ]);
  });

  it('fail with it, all down the chain, each told which one failed before it', async () => {
    const { store, jobs, events, a, c } = chain();
    const failure = { code: 'diverged', message: 'NaN', retryable: false } as const;
    expect(await transition(store, { ...a }, { to: 'failed', reason: 'NaN', patch: { failure } })).toEqual(
      [],
    );
    expect(statuses(jobs)).toEqual(['failed', 'failed', 'failed', 'failed']);
    const message = 'the job “b”, whose model it waited for, failed';
    expect(c.failure).toEqual({ code: 'dependencyFailed', message, retryable: false });
    expect(c.finishedAt).toBeInstanceOf(Date);
    expect(events.c).toEqual([
      { from: 'waiting', to: 'failed', attempt: 1, reason: message, failure: c.failure },
    ]);
  });

  it('are cancelled with it, without a failure', async () => {
    const { store, jobs, events, b, c } = chain();
    await transition(store, { ...b }, { to: 'cancelled', reason: 'cancelled by request' });
    expect(statuses(jobs)).toEqual(['running', 'cancelled', 'cancelled', 'waiting']);
    expect(events.c).toEqual([
      {
        from: 'waiting',
        to: 'cancelled',
        attempt: 1,
        reason: 'the job “b”, whose model it waited for, was cancelled',
      },
    ]);
    expect(c.failure).toBeUndefined();
  });

  it('fail when it succeeds and has made no model', async () => {
    const { store, a, b } = chain();
    await transition(store, { ...a }, { to: 'succeeded', reason: '' });
    expect(b.failure).toMatchObject({
      code: 'dependencyFailed',
      message: expect.stringContaining('made none'),
    });
  });

  it('wait on while it is only queued again', async () => {
    const { store, jobs, a } = chain();
    expect(await transition(store, { ...a }, { to: 'queued', reason: '' })).toEqual([]);
    expect(statuses(jobs)).toEqual(['queued', 'waiting', 'waiting', 'waiting']);
  });
});
