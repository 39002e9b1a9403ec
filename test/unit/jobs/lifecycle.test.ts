import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTerminal, mayBecome, TRANSITIONS, transition } from '../../../src/jobs/lifecycle.ts';
import type { JobPatch, Store } from '../../../src/jobs/ports.ts';
import type { JobRow } from '../../../src/jobs/rows.ts';
import { JobStatus } from '../../../src/spec/resource/job.ts';

const statuses = JobStatus.options;

/** Notes what a transition writes. */
function notebook() {
  const written: { status?: JobStatus; patch?: JobPatch; events: unknown[] } = { events: [] };
  const store = {
    jobs: {
      lockWaiting: async () => [],
      setStatus: async (_id: string, status: JobStatus, patch: JobPatch) =>
        void Object.assign(written, { status, patch }),
    },
    events: {
      append: async (_id: string, type: string, data: object) => void written.events.push({ type, ...data }),
    },
  } as unknown as Store;
  return { written, store };
}

describe('the lifecycle', () => {
  it('allows what its table says, writes it with its event, and refuses the rest', async () => {
    for (const from of statuses) {
      for (const to of statuses) {
        const { written, store } = notebook();
        const change = transition(store, { id: 'job_1', status: from } as JobRow, { to, reason: 'a test' });
        if (!mayBecome(from, to)) {
          await expect(change).rejects.toThrow(`a job that is ${from} can’t become ${to}`);
          expect(written).toEqual({ events: [] });
        } else {
          await change;
          expect(written.status).toBe(to);
          expect(written.events).toEqual([{ type: 'status', from, to, reason: 'a test' }]);
          expect(written.patch?.finishedAt instanceof Date).toBe(isTerminal(to));
        }
      }
    }
  });

  it('has three ends, and reaches one of them from everywhere', () => {
    expect(statuses.filter(isTerminal)).toEqual(['succeeded', 'failed', 'cancelled']);
    const reachesEnd = (status: JobStatus, seen: JobStatus[] = []): boolean =>
      isTerminal(status) ||
      TRANSITIONS[status].some((next) => !seen.includes(next) && reachesEnd(next, [...seen, status]));
    expect(statuses.every((status) => reachesEnd(status))).toBe(true);
  });

  it('leaves an end only to be retried, success never, and a cancellation only to be cancelled, on any walk', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...statuses), { maxLength: 30 }), (wishes) => {
        const walk: JobStatus[] = ['queued'];
        for (const wish of wishes) if (mayBecome(walk.at(-1)!, wish)) walk.push(wish);
        const following = (met: (status: JobStatus) => boolean) =>
          walk.filter((_, i) => i > 0 && met(walk[i - 1]!));
        const isOneOf =
          (...those: JobStatus[]) =>
          (status: JobStatus) =>
            those.includes(status);
        expect(following(isTerminal).every(isOneOf('queued', 'waiting'))).toBe(true);
        expect(following(isOneOf('succeeded'))).toEqual([]);
        expect(following(isOneOf('cancelling')).every(isOneOf('cancelled'))).toBe(true);
      }),
    );
  });

  it('is drawn as it is', () => {
    const drawing = readFileSync(new URL('../../../docs/state-machine.md', import.meta.url), 'utf8');
    const arrows = [...drawing.matchAll(/^ {2}(\w+) --> (\w+)$/gm)].map(([, from, to]) => `${from} ${to}`);
    expect(arrows.sort()).toEqual(
      statuses.flatMap((from) => TRANSITIONS[from].map((to) => `${from} ${to}`)).sort(),
    );
  });
});
