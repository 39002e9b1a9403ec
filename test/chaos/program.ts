import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const AGAIN_MS = 200;
/** While servers are away it ends, and is started again. */
const READY_MS = 180_000;

interface Options {
  /** In `dist/apps`. */
  readonly name: 'api' | 'worker';
  readonly environment: Record<string, string>;
  readonly logPath: string;
}

/** A built program of the service, kept running as `trainyard up` or a compose file does: whenever it ends it starts again. */
export class Program {
  readonly #options: Options;
  #child!: ChildProcess;
  #isReady = false;
  #kept = true;

  constructor(options: Options) {
    this.#options = options;
    this.#start();
  }

  get pid(): number {
    return this.#child.pid!;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves when it runs and has said that it is ready. */
  async ready(): Promise<void> {
    for (const deadline = Date.now() + READY_MS; !this.#isReady; await sleep(20)) {
      if (Date.now() < deadline) continue;
      const { pid, exitCode, signalCode } = this.#child;
      throw new Error(`the ${this.#options.name} (${pid}, ${exitCode ?? signalCode}) doesn’t get ready`);
    }
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** A clean end and a new start, as of a deploy. @returns how it ended, and how long that took */
  async deploy(): Promise<{ code: number | null; milliseconds: number }> {
    const since = performance.now();
    await this.#end('SIGTERM');
    return { code: this.#child.exitCode, milliseconds: performance.now() - since };
  }

  /** Kills it for good. */
  async stop(): Promise<void> {
    this.#kept = false;
    await this.kill();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill(signal);
    await ended;
  }

  #start(): void {
    const { name, environment, logPath } = this.#options;
    const log = openSync(logPath, 'a');
    const child = fork(new URL(`../../dist/apps/${name}/main.js`, import.meta.url), {
      env: { PATH: process.env.PATH!, ...environment },
      execArgv: [],
      stdio: ['ignore', log, log, 'ipc'],
      detached: true,
    });
    closeSync(log);
    this.#child = child;
    child.once('message', () => {
      this.#isReady = true;
    });
    child.once('exit', async () => {
      this.#isReady = false;
      if (this.#kept) await sleep(AGAIN_MS);
      if (this.#kept) this.#start();
    });
  }
}
