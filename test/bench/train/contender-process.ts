import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Participant } from './contenders.ts';
import type { Measured, Prepared, Setting, Turn } from './protocol.ts';

/** A contender's process: it computes when asked, and waits for the next line in between. */
export class ContenderProcess {
  readonly name: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #ended: Promise<unknown>;
  #lastWords = '';

  private constructor(name: string, { program, environment }: Participant, setting: Setting) {
    const [command, ...args] = program;
    // What this shell has set isn’t as installed.
    const {
      OPENBLAS_CORETYPE: _,
      OMP_NUM_THREADS: __,
      OPENBLAS_NUM_THREADS: ___,
      ...inherited
    } = process.env;
    this.name = name;
    this.#child = spawn(command, [...args, JSON.stringify(setting)], {
      env: { ...inherited, ...environment?.(setting.threads) },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#lines = createInterface(this.#child.stdout!)[Symbol.asyncIterator]();
    this.#child.stderr!.on('data', (chunk) => {
      this.#lastWords = `${this.#lastWords}${chunk}`.slice(-1_000);
    });
    this.#child.stdin!.on('error', () => {});
    this.#ended = Promise.race([once(this.#child, 'close'), once(this.#child, 'error')]).catch(() => {});
  }

  /** Starts it, and waits until it is ready, or says that it can't be. */
  static async start(
    name: string,
    participant: Participant,
    setting: Setting,
  ): Promise<{ contender: ContenderProcess; prepared: Prepared }> {
    const contender = new ContenderProcess(name, participant, setting);
    const prepared = await contender
      .#answer<Prepared>()
      .catch((error: Error) => ({ cannot: error.message.trim().split('\n').at(-1)! }));
    return { contender, prepared };
  }

  /** @throws Error with its last words, when it ends instead of answering */
  async takeTurn(seconds: number): Promise<Measured> {
    this.#child.stdin!.write(`${JSON.stringify({ seconds } satisfies Turn)}\n`);
    return this.#answer();
  }

  async stop(): Promise<void> {
    this.#child.stdin!.end();
    await this.#ended;
  }

  async #answer<Answer>(): Promise<Answer> {
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done) {
        await this.#ended;
        throw new Error(this.#lastWords || `${this.name} ended without an answer`);
      }
      // tfjs, for one, greets on stdout.
      if (value.startsWith('{')) return JSON.parse(value);
    }
  }
}
