import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Runs a command at the root of the repository. What it prints goes to stderr, so that stdout is left to what
 * the user asked for.
 * @throws Error when it fails
 */
export async function run(command, ...args) {
  const { code, signal } = await exitOf(spawn(command, args, { cwd: root, stdio: ['ignore', 2, 2] }));
  if (code !== 0) throw new Error(`${[command, ...args].join(' ')} failed (${signal ?? code})`);
}

/** Runs a JavaScript file with this Node. */
export function runNode(script, ...args) {
  return run(process.execPath, script, ...args);
}

function exitOf(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve({ code, signal }));
  });
}
