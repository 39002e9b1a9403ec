import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { decodeCheckpoint, type TrainState } from '../../src/engine/train/train-state.ts';
import { SafetensorsError } from '../../src/safetensors.ts';
import type { StoredCheckpoint, TrainerMessage } from '../../src/spec/trainer.ts';

/**
 * The state of the first checkpoint that can be read, of those from the newest on; undefined where there is none.
 * Each that can't is told of as `checkpointUnreadable`: the run loses some steps by it, and trains them again.
 */
export async function readCheckpoint(
  newestFirst: readonly StoredCheckpoint[],
  tell: (message: TrainerMessage) => Promise<void>,
): Promise<TrainState | undefined> {
  for (const [i, checkpoint] of newestFirst.entries()) {
    const state = await stateOf(checkpoint);
    if (!(state instanceof Unreadable)) return state;
    const isLast = i === newestFirst.length - 1;
    const next = isLast ? 'the job begins from its start' : 'the one before it is tried';
    const { id, stage, step } = checkpoint;
    const message = `The checkpoint ${id} (stage ${stage}, step ${step}) ${state.why}; ${next}`;
    await tell({ type: 'warning', code: 'checkpointUnreadable', message });
  }
  return undefined;
}

class Unreadable {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

async function stateOf({ path, sha256 }: StoredCheckpoint): Promise<TrainState | Unreadable> {
  if (path === null) return new Unreadable('has no file any more');
  const file = await readFile(path).catch((error: unknown) => {
    // For the run's log; the user can do nothing about the disk.
    console.error(error);
    return null;
  });
  if (file === null) return new Unreadable('can’t be read from the disk');
  const hash = createHash('sha256').update(file).digest('hex');
  if (hash !== sha256) return new Unreadable('isn’t what was stored: its file is cut off or was changed');
  try {
    return decodeCheckpoint(file);
  } catch (error) {
    if (!(error instanceof SafetensorsError)) throw error;
    return new Unreadable('isn’t a whole checkpoint');
  }
}
