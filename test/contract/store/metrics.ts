import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { MetricPoint } from '../../../src/spec/trainer.ts';
import { type Subject, storedJob } from './rows.ts';

export function metrics(subject: Subject): void {
  test('Every double survives, NaN and the infinities too', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    const values = [NaN, Infinity, -Infinity, -0.1, 5e-324, Number.MAX_VALUE, 1 / 3, 0];
    const points = values.map((value, step) => point({ step, value }));
    await store.metrics.write(job.id, 'run_1', 0, points);
    const read = await store.metrics.read(job.id, { maxPoints: 100 });
    expect(read).toEqual(points.map((stored) => ({ ...stored, runId: 'run_1' })));
  });

  test('A point written again replaces itself, within a batch too', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    await store.metrics.write(job.id, 'run_1', 0, [
      point({ step: 1, value: 1 }),
      point({ step: 2, value: 2 }),
    ]);
    await store.metrics.write(job.id, 'run_2', 0, [
      point({ step: 2, value: 3 }),
      point({ step: 2, value: 4 }),
    ]);
    expect(await store.metrics.read(job.id, { maxPoints: 10 })).toEqual([
      { ...point({ step: 1, value: 1 }), runId: 'run_1' },
      { ...point({ step: 2, value: 4 }), runId: 'run_2' },
    ]);
  });

  test('Curves are told apart by name and stage', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    const points = ['loss', 'val_loss'].flatMap((name) =>
      [1, 2].flatMap((stage) => [1, 2, 3].map((step) => point({ name, stage, step, value: step }))),
    );
    await store.metrics.write(job.id, 'run_1', 0, points);
    const read = async (filter: { name?: string; stage?: number }, maxPoints = 10) =>
      (await store.metrics.read(job.id, { ...filter, maxPoints })).map(
        ({ name, stage, step }) => `${name} ${stage} ${step}`,
      );
    expect(await read({})).toHaveLength(12);
    expect(await read({ name: 'loss', stage: 2 })).toEqual(['loss 2 1', 'loss 2 2', 'loss 2 3']);
    expect(await read({}, 1)).toEqual(['loss 1 3', 'loss 2 3', 'val_loss 1 3', 'val_loss 2 3']);
    expect(await read({ name: 'accuracy' })).toEqual([]);
  });

  test('A curve is thinned to exactly as many points as were asked for, evenly, with its ends', async () => {
    const { store } = subject;
    const sizes = fc.record({
      length: fc.integer({ min: 1, max: 60 }),
      maxPoints: fc.integer({ min: 2, max: 70 }),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ length, maxPoints }) => {
        const job = await storedJob(store);
        const points = Array.from({ length }, (_, i) => point({ step: 10 * i, value: i }));
        await store.metrics.write(job.id, 'run_1', 0, points);
        const read = (await store.metrics.read(job.id, { maxPoints })).map(({ value }) => value);
        expect(read).toHaveLength(Math.min(length, maxPoints));
        expect([read[0], read.at(-1)]).toEqual([0, length - 1]);
        const gaps = read.slice(1).map((value, i) => value - read[i]!);
        expect(Math.max(0, ...gaps) - Math.min(...gaps, Math.max(0, ...gaps))).toBeLessThanOrEqual(1);
      }),
      { numRuns: 25 },
    );
  });

  test('A curve with gaps keeps its ends and its order, and all of its points where these aren’t too many', async () => {
    const { store } = subject;
    const curves = fc.record({
      steps: fc.uniqueArray(fc.integer({ min: 0, max: 2_147_483_647 }), { minLength: 1, maxLength: 40 }),
      maxPoints: fc.integer({ min: 1, max: 50 }),
    });
    await fc.assert(
      fc.asyncProperty(curves, async ({ steps, maxPoints }) => {
        const job = await storedJob(store);
        const sorted = steps.toSorted((a, b) => a - b);
        await store.metrics.write(
          job.id,
          'run_1',
          0,
          steps.map((step) => point({ step, value: step })),
        );
        const read = (await store.metrics.read(job.id, { maxPoints })).map(({ step }) => step);
        if (steps.length <= maxPoints) expect(read).toEqual(sorted);
        expect(read.length).toBeLessThanOrEqual(maxPoints);
        expect(read).toEqual(sorted.filter((step) => read.includes(step)));
        expect(read.at(-1)).toBe(sorted.at(-1));
        if (maxPoints > 1) expect(read[0]).toBe(sorted[0]);
      }),
      { numRuns: 25 },
    );
  });

  test('Curves are found whatever their names, and each is thinned on its own', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    const lengths: [name: string, stage: number, length: number][] = [
      ['a', 1, 5],
      ['a', 3, 1],
      ['a b', 2, 30],
      ['Å', 1, 12],
      ['é', 1, 2],
    ];
    const points = lengths.flatMap(([name, stage, length]) =>
      Array.from({ length }, (_, step) => point({ name, stage, step })),
    );
    await store.metrics.write(job.id, 'run_1', 0, points);
    const counts = async (filter: { name?: string; stage?: number }) => {
      const counts: Record<string, number> = {};
      for (const { name, stage } of await store.metrics.read(job.id, { ...filter, maxPoints: 10 }))
        counts[`${name} ${stage}`] = (counts[`${name} ${stage}`] ?? 0) + 1;
      return counts;
    };
    expect(await counts({})).toEqual({ 'a 1': 5, 'a 3': 1, 'a b 2': 10, 'Å 1': 10, 'é 1': 2 });
    expect(await counts({ name: 'a' })).toEqual({ 'a 1': 5, 'a 3': 1 });
    expect(await counts({ stage: 1 })).toEqual({ 'a 1': 5, 'Å 1': 10, 'é 1': 2 });
    expect(await counts({ name: 'a', stage: 2 })).toEqual({});
  });

  test('A large batch is one statement, far over Postgres’s 65,535 parameters', async () => {
    const { store } = subject;
    const job = await storedJob(store);
    const points = Array.from({ length: 20_000 }, (_, step) => point({ step, value: step }));
    expect(await store.metrics.write(job.id, 'run_1', 0, points)).toBe(true);
    const read = await store.metrics.read(job.id, { maxPoints: 3 });
    expect(read.map(({ step }) => step)).toEqual([0, 10_000, 19_999]);
  });
}

function point(changes: Partial<MetricPoint>): MetricPoint {
  return { name: 'loss', stage: 1, epoch: 1, step: 1, value: 0, ...changes };
}
