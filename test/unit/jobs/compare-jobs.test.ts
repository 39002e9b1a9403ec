import { describe, expect, it } from 'vitest';
import { compareMetrics, compareSpecs } from '../../../src/jobs/compare-jobs.ts';
import { leavesOf } from '../../../src/jobs/spec-leaves.ts';
import type { JobSpec } from '../../../src/spec/job.ts';

const specs = (...list: object[]) => list.map((spec, i) => ({ id: `job_${i}`, spec: spec as JobSpec }));

describe('the leaves of a spec', () => {
  it('are its values that hold no others, empty ones too', () => {
    expect([...leavesOf({ a: [1, { b: null }], 'c/d~': {}, e: [], f: false })]).toEqual([
      ['/a/0', 1],
      ['/a/1/b', null],
      ['/c~1d~0', {}],
      ['/e', []],
      ['/f', false],
    ]);
    expect([...leavesOf(3)]).toEqual([['', 3]]);
  });
});

describe('the comparison of specs', () => {
  it('tells what differs place by place, and leaves out what is the same in all', () => {
    const stage = { epochs: 3, trainable: 'all' };
    const [a, b] = [
      { seed: 1, stages: [stage], labels: {}, model: { layers: [{ units: 4 }] } },
      {
        seed: 1,
        stages: [{ epochs: 5, trainable: { top: 2 } }, stage],
        labels: {},
        model: { layers: [{ units: 4 }] },
      },
    ];
    expect(compareSpecs(specs(a, b, a))).toEqual({
      '/stages/0/epochs': { job_0: 3, job_1: 5, job_2: 3 },
      '/stages/0/trainable': { job_0: 'all', job_2: 'all' },
      '/stages/0/trainable/top': { job_1: 2 },
      '/stages/1/epochs': { job_1: 3 },
      '/stages/1/trainable': { job_1: 'all' },
    });
    expect(compareSpecs(specs(a, structuredClone(a)))).toEqual({});
  });
});

describe('the comparison of metrics', () => {
  it('is with the first job', () => {
    const jobs = [
      { id: 'a', metrics: { loss: 1, best: Number.NEGATIVE_INFINITY } },
      { id: 'b', metrics: { loss: 0.25, best: 1, extra: 7 } },
      { id: 'c', metrics: {} },
    ];
    expect(compareMetrics(jobs)).toEqual({
      best: {
        values: { a: Number.NEGATIVE_INFINITY, b: 1 },
        deltas: { b: Number.POSITIVE_INFINITY },
      },
      extra: { values: { b: 7 }, deltas: {} },
      loss: { values: { a: 1, b: 0.25 }, deltas: { b: -0.75 } },
    });
  });
});
