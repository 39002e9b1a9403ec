import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

export const root = join(import.meta.dirname, '../..');

/** A program that a test started in the root of the repository, as a user would from a shell. */
export class Started {
  readonly process: ChildProcess;
  readonly ended: Promise<{ code: number | null; stdout: string; stderr: string }>;
  stdout = '';
  stderr = '';

  constructor(command: readonly [string, ...string[]], environment: Record<string, string>, folder = root) {
    const { DATABASE_URL: _, REDIS_URL: __, ...inherited } = process.env;
    const [program, ...args] = command;
    this.process = spawn(program, args, {
      cwd: folder,
      env: { ...inherited, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own, as a terminal gives to each command.
      detached: true,
    });
    this.process.stdout!.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.process.stderr!.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.ended = once(this.process, 'close').then(([code]) => ({
      code,
      stdout: this.stdout,
      stderr: this.stderr,
    }));
  }

  /** The part of stdout that matches, as soon as it is there. */
  async says(pattern: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const match = this.stdout.match(pattern);
      if (match) return match;
      const { stdout } = this.process;
      const over = this.ended.then(({ stderr }) => {
        throw new Error(`It ended without saying ${pattern}:\n${this.stdout}\n${stderr}`);
      });
      await Promise.race([once(stdout!, 'data'), over]);
    }
  }

  /** As Ctrl-C in a terminal does, which signals the whole group. */
  signalGroup(signal: NodeJS.Signals): void {
    process.kill(-this.process.pid!, signal);
  }
}
