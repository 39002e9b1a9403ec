import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rehearse } from '../../../apps/worker/rehearse.ts';
import { startEngine, type TrainingEngine } from '../../../apps/worker/training-engine.ts';

describe('a rehearsal', () => {
  let engine: TrainingEngine;
  let directory: string;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'trainyard-rehearse-'));
    engine = await startEngine({ backend: 'wasm', compilation: { threads: 1, gemm: 'wasm' } });
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('trains to its end, and leaves nothing', async () => {
    const folder = join(directory, 'of-a-worker');
    const lastWords = await rehearse(engine, folder, new AbortController().signal);
    expect(lastWords).toMatchObject({ type: 'succeeded' });
    expect(await readdir(folder)).toEqual([]);
  });

  it('ends early when there is a run', async () => {
    expect(await rehearse(engine, directory, AbortSignal.abort())).toEqual({ type: 'stopped' });
    expect(await readdir(directory)).toEqual(['of-a-worker']);
  });
});
