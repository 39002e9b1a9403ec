import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { CommandError } from './command-error.ts';

/** A worker takes up to 8 s to have its run checkpointed, then kills it. */
const GRACE_MS = 12_000;
const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 30_000;
/** A service that lived this long had started well, and the delay begins anew. */
const STEADY_MS = 60_000;

export interface ServiceOptions {
  readonly name: string;
  readonly script: URL;
  readonly environment: NodeJS.ProcessEnv;
  readonly logPath: string;
}

/**
 * Keeps one service running as a child process. Once it has said `{ type: 'ready' }`, it is started again,
 * after a growing delay, whenever it ends by itself.
 */
export class Service {
  /** Resolves when the service is first ready. @throws CommandError with its last words when it ends before */
  readonly ready: Promise<void>;
  readonly #options: ServiceOptions;
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #delayMs = FIRST_DELAY_MS;
  #stopping = false;

  constructor(options: ServiceOptions) {
    this.#options = options;
    this.ready = this.#startFirst();
  }

  /** Asks the service to end; after the grace it is killed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    await ended;
    clearTimeout(kill);
  }

  async #startFirst(): Promise<void> {
    const child = this.#fork();
    const early = await endBeforeReady(child);
    if (early === null) this.#startAgainAfter(child);
    else if (!this.#stopping) throw await this.#failedToStart(early);
  }

  #fork(): ChildProcess {
    const { script, environment, logPath } = this.#options;
    const log = openSync(logPath, 'a');
    // In a process group of its own: Ctrl-C in a terminal reaches the supervisor alone, which stops its services
    // in their order. If the supervisor is killed, they notice that the IPC channel has closed.
    const child = fork(script, { env: environment, detached: true, stdio: ['ignore', log, log, 'ipc'] });
    closeSync(log);
    this.#child = child;
    return child;
  }

  #startAgainAfter(child: ChildProcess): void {
    const startedAt = Date.now();
    child.once('exit', (code, signal) => {
      if (this.#stopping) return;
      if (Date.now() - startedAt > STEADY_MS) this.#delayMs = FIRST_DELAY_MS;
      const delay = this.#delayMs;
      this.#delayMs = Math.min(2 * delay, LONGEST_DELAY_MS);
      const { name, logPath } = this.#options;
      console.error(
        `The ${name} ended (${signal ?? code}); it starts again in ${delay / 1000} s. Its log: ${logPath}`,
      );
      this.#restart = setTimeout(() => this.#startAgainAfter(this.#fork()), delay);
    });
  }

  async #failedToStart(how: string): Promise<CommandError> {
    const { name, logPath } = this.#options;
    const lines = (await readFile(logPath, 'utf8')).trimEnd().split('\n');
    return new CommandError(
      `The ${name} ended before it was ready (${how}):\n${lines.slice(-20).join('\n')}`,
    );
  }
}

/** Null when the child says that it is ready; how it ended when it does that first. */
function endBeforeReady(child: ChildProcess): Promise<string | null> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) => resolve(String(signal ?? code)));
    child.once('error', (error) => resolve(error.message));
    child.on('message', (message) => {
      if (typeof message === 'object' && 'type' in message && message.type === 'ready') resolve(null);
    });
  });
}
