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
 * Keeps a trainer ready for the next run: it has loaded and tested what it computes with, which takes most of a
 * second, so the run begins at once. Once that has taken its first steps, the one after it gets ready.
 * @param isOver when no run will come any more
 */
export function keepTrainerReady(
  preparation: Omit<PrepareTraining, 'type'>,
  logger: Logger,
  isOver: AbortSignal,
): ReadyTrainer {
  let ready: ChildProcess | null = null;
  let delayMs = FIRST_DELAY_MS;
  let again: NodeJS.Timeout | null = null;

  function prepare(): void {
    if (ready || again || isOver.aborted) return;
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
    again = setTimeout(() => {
      again = null;
      prepare();
    }, delayMs);
    delayMs = Math.min(2 * delayMs, LONGEST_DELAY_MS);
  }

  prepare();
  return {
    start(command, logPath, onMessage) {
      const child = ready ?? forkTrainer();
      if (ready) delayMs = FIRST_DELAY_MS;
      ready = null;
      const trainer = startTrainer(child, command, logPath, (message) => {
        if (message.type === 'progress') prepare();
        onMessage(message);
      });
      void trainer.exit.then(prepare);
      return trainer;
    },
    stop() {
      if (again) clearTimeout(again);
      const child = ready;
      ready = null;
      child?.kill('SIGKILL');
    },
  };
}
