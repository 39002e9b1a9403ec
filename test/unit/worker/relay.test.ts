import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createRelay } from '../../../apps/worker/relay.ts';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import type { EpochReport, MetricPoint, TrainerMessage } from '../../../src/spec/trainer.ts';

const position = { stage: 1, epoch: 1, step: 1 };
const point = (value: number): MetricPoint => ({ ...position, name: 'loss', value });
const epoch = (number: number): EpochReport => ({
  ...{ position: { ...position, epoch: number }, epochs: 9, metrics: {} },
  ...{ progress: 0, etaSeconds: null, seconds: 1 },
});
const metrics = (...values: number[]): TrainerMessage => ({
  type: 'progress',
  ...{ position, detail: `loss ${values.at(-1)}`, progress: values.at(-1)! / 10, etaSeconds: null },
  points: values.map(point),
  epochs: values.map(epoch),
});
const checkpoint: TrainerMessage = { type: 'checkpoint', position, path: 'x' };

describe('the relay', () => {
  it('records in order, and progress that waits together at once', async () => {
    const recorded: TrainerMessage[] = [];
    const relay = createRelay<TrainerMessage>(
      async (message) => {
        await sleep(1);
        recorded.push(message);
      },
      () => {},
    );
    for (const message of [metrics(1), metrics(2), metrics(3), checkpoint, metrics(4)]) relay.push(message);
    await relay.drained();
    expect(recorded).toEqual([metrics(1), metrics(2, 3), checkpoint, metrics(4)]);
  });

  it('waits for a database that can’t be reached, and loses nothing', async () => {
    const recorded: TrainerMessage[] = [];
    let failures = 2;
    const relay = createRelay<TrainerMessage>(
      async (message) => {
        if (failures-- > 0) throw new TrainyardError('unavailable', 'down');
        recorded.push(message);
      },
      () => {},
    );
    relay.push(metrics(1));
    relay.push(checkpoint);
    await relay.drained();
    expect(recorded).toEqual([metrics(1), checkpoint]);
  });

  it('stops at any other error, and tells of it once', async () => {
    const told: unknown[] = [];
    const recorded: TrainerMessage[] = [];
    const relay = createRelay<TrainerMessage>(
      async (message) => {
        if (message.type === 'checkpoint') throw new Error('the disk is full');
        recorded.push(message);
      },
      (error) => told.push(error),
    );
    for (const message of [metrics(1), checkpoint, metrics(2)]) relay.push(message);
    await expect(relay.drained()).rejects.toThrow('the disk is full');
    expect(recorded).toEqual([metrics(1)]);
    expect(told).toHaveLength(1);
  });
});
