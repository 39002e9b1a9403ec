import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startBackend } from '../../../src/engine/backends/start.ts';
import { Reporter, type Standing } from '../../../src/engine/train/reporter.ts';
import type { EpochReport, ProgressReport } from '../../../src/spec/trainer.ts';
import { smallJob, train } from './small-job.ts';

const at = (step: number): Standing => ({
  position: { stage: 1, epoch: 1, step },
  ...{ detail: `step ${step}`, progress: step / 100, etaSeconds: null },
});
const point = (step: number) => ({ ...at(step).position, name: 'loss', value: step });
const epoch = (step: number): EpochReport => ({
  ...{ position: at(step).position, epochs: 9, metrics: { loss: step } },
  ...{ progress: 0, etaSeconds: null, seconds: 1 },
});

describe('the reporter', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance'] }));
  afterEach(() => void vi.useRealTimers());

  function reporting() {
    const told: ProgressReport[] = [];
    const reporter = new Reporter({ onProgress: async (report) => void told.push(report) });
    return { reporter, told };
  }

  it('tells of the first step at once, then no more often than every quarter of a second', async () => {
    const { reporter, told } = reporting();
    for (let step = 1; step <= 11; step++) {
      reporter.notePoints(point(step));
      await reporter.tellNowAndThen(() => at(step));
      vi.advanceTimersByTime(50);
    }
    expect(told.map(({ position }) => position.step)).toEqual([1, 6, 11]);
    expect(told.map(({ points }) => points.map(({ step }) => step))).toEqual([
      ...[[1], [2, 3, 4, 5, 6], [7, 8, 9, 10, 11]],
    ]);
  });

  it('tells the rest when it is asked to, with where training stands by then', async () => {
    const { reporter, told } = reporting();
    await reporter.tellNowAndThen(() => at(1));
    reporter.notePoints(point(2));
    reporter.noteEpoch(epoch(3));
    await reporter.tellNowAndThen(() => at(3));
    await reporter.tellRest(() => at(4));
    expect(told.slice(1)).toEqual([{ ...at(4), points: [point(2)], epochs: [epoch(3)] }]);
  });

  it('has no rest to tell where all was told', async () => {
    const { reporter, told } = reporting();
    reporter.notePoints(point(1));
    await reporter.tellNowAndThen(() => at(1));
    await reporter.tellRest(() => at(1));
    expect(told).toHaveLength(1);
  });
});

describe('a job of many short epochs', () => {
  beforeAll(() => startBackend('cpu'));

  const EPOCHS = 300;
  const job = smallJob({ layers: [], stages: [{ epochs: EPOCHS, batchSize: 50 }], checkpointEvery: 100 });

  it('tells each of them, in fewer reports', async () => {
    const reports: ProgressReport[] = [];
    const { epochs, points } = await train(job, { onProgress: async (report) => void reports.push(report) });
    expect(epochs.map(({ position }) => position.epoch)).toEqual(
      Array.from({ length: EPOCHS }, (_, i) => i + 1),
    );
    expect(points.filter(({ name }) => name === 'val_loss')).toHaveLength(EPOCHS);
    expect(reports.length).toBeLessThan(EPOCHS / 2);
    expect(reports.at(-1)!.position).toEqual({ stage: 1, epoch: EPOCHS, step: EPOCHS });
  });

  it('tells each stage’s first step at once, however soon it comes', async () => {
    const stages = [{ epochs: 2 }, { epochs: 2 }];
    const reports: ProgressReport[] = [];
    await train(smallJob({ layers: [], stages }), {
      onProgress: async (report) => void reports.push(report),
    });
    const places = reports.map(({ position }) => position);
    for (const stage of [1, 2]) expect(places).toContainEqual({ stage, epoch: 1, step: 1 });
  });

  it('tells all that came before a checkpoint before it', async () => {
    const { checkpoints, epochs } = await train(job, { stopAfterStep: 100 });
    expect(checkpoints[0]!.position.step).toBe(100);
    expect(epochs.at(-1)!.position.epoch).toBe(99);
  });
});
