import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readCheckpoint } from '../../../apps/worker/read-checkpoint.ts';
import { encodeCheckpoint, NO_SUMS, type TrainState } from '../../../src/engine/train/train-state.ts';
import type { StoredCheckpoint, TrainerMessage } from '../../../src/spec/trainer.ts';

let folder: string;
let told: TrainerMessage[];
const tell = async (message: TrainerMessage) => void told.push(message);
const warnings = () => told.map((message) => (message.type === 'warning' ? message.message : message.type));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-test-'));
  told = [];
});
afterEach(() => rm(folder, { recursive: true }));

function stateAt(step: number): TrainState {
  return {
    position: { stage: 1, epoch: 1, step },
    weights: { 'dense/kernel': { shape: [2], data: Float32Array.of(step, -step) } },
    slots: {},
    best: {},
    epochSums: NO_SUMS,
    schedule: null,
    earlyStopping: null,
  } as unknown as TrainState;
}

async function stored(
  step: number,
  content: Uint8Array = encodeCheckpoint(stateAt(step)),
): Promise<StoredCheckpoint> {
  const path = join(folder, `${step}.safetensors`);
  await writeFile(path, content);
  return {
    id: `ckp_${step}`,
    stage: 1,
    step,
    path,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
}

const stepOf = async (...newestFirst: StoredCheckpoint[]) =>
  (await readCheckpoint(newestFirst, tell))?.position.step;

describe('the checkpoint that a run goes on from', () => {
  it('is the newest, as it was stored', async () => {
    expect(await readCheckpoint([await stored(20), await stored(10)], tell)).toEqual(stateAt(20));
    expect(told).toEqual([]);
  });

  it('is the one before a newest that was cut off, and the run says so', async () => {
    const newest = await stored(20);
    await truncate(newest.path!, 100);
    expect(await stepOf(newest, await stored(10))).toBe(10);
    expect(told).toEqual([
      {
        type: 'warning',
        code: 'checkpointUnreadable',
        message:
          'The checkpoint ckp_20 (stage 1, step 20) isn’t what was stored: its file is cut off or was changed; the one before it is tried',
      },
    ]);
  });

  it('is the one before a newest whose weights were changed, which only the hash tells', async () => {
    const newest = await stored(20);
    const content = await readFile(newest.path!);
    content[content.length - 1]! ^= 1;
    await writeFile(newest.path!, content);
    expect(await stepOf(newest, await stored(10))).toBe(10);
    expect(warnings()).toEqual([expect.stringContaining('was changed')]);
  });

  it('is the first that can be read of many that can’t, each for its own reason', async () => {
    const gone = { ...(await stored(40)), path: null };
    const folderOf = { ...(await stored(30)), path: folder };
    const other = await stored(20, new TextEncoder().encode('another file'));
    expect(await stepOf(gone, folderOf, other, await stored(10))).toBe(10);
    expect(warnings()).toEqual([
      expect.stringContaining('has no file any more'),
      expect.stringContaining('can’t be read from the disk'),
      expect.stringContaining('isn’t a whole checkpoint'),
    ]);
  });

  it('is none where none can be read: the job begins from its start', async () => {
    const only = { ...(await stored(20)), path: null };
    expect(await stepOf(only)).toBeUndefined();
    expect(warnings()).toEqual([expect.stringMatching(/the job begins from its start$/)]);
    expect(await stepOf()).toBeUndefined();
  });
});
