import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { extname } from 'node:path';
import { finished } from 'node:stream/promises';
import { childEnvironment } from '../../src/config.ts';
import type { StartTraining, TrainerMessage } from '../../src/spec/trainer.ts';
import type { Exit } from './classify-exit.ts';
import { countOomKills } from './oom-kills.ts';

/** A running trainer child. */
export interface TrainerProcess {
  /** Asks it to checkpoint and end. */
  askToStop(): void;
  kill(): void;
  readonly exit: Promise<Exit>;
}

/** Of its last words, so much is kept in memory. */
const LAST_WORDS = 4_000;

/** What a trainer is told of a run, where what it prints goes, and who hears what it says. */
export type RunOfTrainer = [
  command: StartTraining,
  logPath: string,
  onMessage: (message: TrainerMessage) => void,
];

/** A trainer process without a run. */
export function forkTrainer(
  script = new URL(`./trainer${extname(import.meta.filename)}`, import.meta.url),
): ChildProcess {
  const child = fork(script, {
    serialization: 'advanced',
    env: childEnvironment(),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  // A trainer that dies while it is spoken to says so by its exit.
  child.on('error', () => {});
  return child;
}

/** Gives a trainer its run. What it prints goes to `logPath`, since its own words are for us, not for the user. */
export function startTrainer(
  child: ChildProcess,
  ...[command, logPath, onMessage]: RunOfTrainer
): TrainerProcess {
  const killedBefore = countOomKills();
  const { logged, lastWords } = keepOutput(child, logPath);
  child.on('message', (message) => onMessage(message as TrainerMessage));
  const exit = new Promise<Pick<Exit, 'code' | 'signal'>>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }));
    child.once('error', () => child.pid === undefined && resolve({ code: null, signal: null }));
  });
  child.send(command, () => {});
  return {
    askToStop: () => child.connected && child.send({ type: 'stop' }, () => {}),
    kill: () => child.kill('SIGKILL'),
    exit: exit.then(async ({ code, signal }) => {
      await logged;
      const oomKilled = (await countOomKills()) > (await killedBefore);
      return { code, signal, lastWords: lastWords(), oomKilled };
    }),
  };
}

function keepOutput(
  child: ChildProcess,
  logPath: string,
): { logged: Promise<void>; lastWords: () => string } {
  const log = createWriteStream(logPath, { flags: 'a' });
  const streams = [child.stdout!, child.stderr!];
  // A full disk must not stop a training that needs none: it would, once what it prints is taken by nobody.
  log.on('error', () => {
    for (const stream of streams) stream.resume();
  });
  let tail = '';
  for (const stream of streams) {
    stream.pipe(log, { end: false });
    stream.on('data', (chunk: Buffer) => {
      tail = (tail + chunk.toString()).slice(-LAST_WORDS);
    });
  }
  child.once('close', () => log.end());
  return { logged: finished(log).catch(() => {}), lastWords: () => tail };
}
