import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';

/** Shows what a job's steps are compiled to. A process of its own does, since the command knows no engine. */
export async function explain(args: readonly string[]): Promise<void> {
  const script = new URL(`../worker/explain${extname(import.meta.filename)}`, import.meta.url);
  const child = spawn(process.execPath, [...process.execArgv, script.pathname, ...args], {
    stdio: 'inherit',
  });
  const [code] = await once(child, 'exit');
  process.exitCode = code ?? 1;
}
