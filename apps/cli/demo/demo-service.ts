import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { serviceEnvironment } from '../../../src/config.ts';
import { CommandError } from '../command-error.ts';

const LOG_LINES = 15;

/** A service of its own for the demo: `trainyard up` on a free port and a home that is removed at the end. */
export class DemoService {
  readonly #home: string;
  readonly #process: ChildProcess;

  private constructor(home: string, process: ChildProcess) {
    this.#home = home;
    this.#process = process;
  }

  static async start(): Promise<DemoService> {
    const home = await mkdtemp(join(tmpdir(), 'trainyard-demo-'));
    // Where we are root, Postgres runs as another user, who must be able to enter.
    await chmod(home, 0o755);
    const main = new URL(`../main${extname(import.meta.filename)}`, import.meta.url);
    const settled = {
      HOST: '127.0.0.1',
      PORT: '0',
      DATABASE_URL: '',
      REDIS_URL: '',
      TRAINYARD_OPERATOR_KEY: '',
    };
    const child = fork(main, ['up'], {
      env: serviceEnvironment({ ...settled, TRAINYARD_HOME: home }),
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return new DemoService(home, child);
  }

  /** The address, once the service answers there. @throws CommandError when it ends instead */
  async url(): Promise<string> {
    const ended = once(this.#process, 'exit').then(() => null);
    const told = once(this.#process, 'message').then(([message]) => (message as { url: string }).url);
    const url = await Promise.race([ended, told]);
    if (url === null) throw new CommandError('The service didn’t start.');
    return url;
  }

  /** The end of each log, to be shown when something went wrong. */
  async lastWords(): Promise<string> {
    const folder = join(this.#home, 'logs');
    const names = await readdir(folder).catch(() => []);
    const tails = names.map(async (name) => {
      const lines = (await readFile(join(folder, name), 'utf8')).trimEnd().split('\n');
      return `--- ${name}\n${lines.slice(-LOG_LINES).join('\n')}`;
    });
    return (await Promise.all(tails)).join('\n');
  }

  /** Stops the service and removes its home. */
  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const ended = once(this.#process, 'exit');
      this.#process.kill('SIGTERM');
      await ended;
    }
    await rm(this.#home, { recursive: true, force: true });
  }
}
