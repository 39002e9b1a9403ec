import { install } from './install.mjs';
import { runNode } from './run.mjs';

/** From a fresh clone, or any later state, to a current `dist`. */
export async function build() {
  await install();
  await runNode('scripts/generate.mjs');
  await runNode('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
}

if (process.argv[1] === import.meta.filename) await build();
