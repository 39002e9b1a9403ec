import type { ChildProcess } from 'node:child_process';
import type { Logger } from '../../src/logger.ts';
import type { PrepareTraining } from '../../src/spec/trainer.ts';
import { forkTrainer, type RunOfTrainer, startTrainer, type TrainerProcess } from './trainer-process.ts';

const FIRST_DELAY_MS = 200;
const LONGEST_DELAY_MS = 30_000;

/** Where a worker has its trainers from. */
export interface Trainers {
  start(...run: RunOfTrainer): TrainerProcess;
}

export interface ReadyTrainer extends Trainers {
  stop(): void;
}

/**
 * Keeps a trainer ready while there is no run: it has loaded and tested what it computes with, and rehearsed, which
 * takes a second, so a run begins at once. The next one is forked when a run has ended, not beside it: where memory
 * runs out, the kernel kills again before the first one's is free, and would take the worker.
 * @param isOver when no run will come any more
 */
export function keepTrainerReady(
  preparation: Omit<PrepareTraining, 'type'>,
  logger: Logger,
  isOver: AbortSignal,
): ReadyTrainer {
  let ready: ChildProcess | null = null;
  let delayMs = FIRST_DELAY_MS;
  let again: NodeJS.Timeout | undefined;

  function prepare(): void {
    if (isOver.aborted) return;
    const child = forkTrainer();
    ready = child;
    child.send({ type: 'prepare', ...preparation } satisfies PrepareTraining, () => {});
    child.once('exit', (code, signal) => replace(child, { code, signal }));
    child.once('error', (err) => replace(child, { err }));
  }

  function replace(child: ChildProcess, reason: object): void {
    if (ready !== child) return;
    ready = null;
    if (isOver.aborted) return;
    logger.warn({ ...reason, delayMs }, 'The trainer that stood ready ended; another is started');
    again = setTimeout(prepare, delayMs);
    delayMs = Math.min(2 * delayMs, LONGEST_DELAY_MS);
  }

  prepare();
  return {
    start(...run) {
      clearTimeout(again);
      const child = ready ?? forkTrainer();
      if (ready) delayMs = FIRST_DELAY_MS;
      ready = null;
      const trainer = startTrainer(child, ...run);
      void trainer.exit.then(prepare);
      return trainer;
    },
    stop() {
      clearTimeout(again);
      const child = ready;
      ready = null;
      child?.kill('SIGKILL');
    },
  };
}
