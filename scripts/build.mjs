import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install } from './install.mjs';
import { root, runNode } from './run.mjs';

const SOURCES = [
  'apps',
  'src',
  'prisma',
  'scripts',
  'package.json',
  'package-lock.json',
  'tsconfig.build.json',
];
/** Written when a build is whole; younger than all sources where there is nothing to build. */
const STAMP = join(root, 'dist', '.built');

/** From a fresh clone, or any later state, to a current `dist`. */
export async function build() {
  await install();
  if (isCurrent()) return;
  console.error('Building …');
  await runNode('scripts/generate.mjs');
  await runNode('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json');
  writeFileSync(STAMP, '');
}

function isCurrent() {
  const builtAt = changedAt(STAMP);
  return SOURCES.every((source) => changedAt(join(root, source)) < builtAt);
}

/** When a file, or the youngest in a folder, was last changed; the beginning of time for what isn't there. */
function changedAt(path) {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat?.isDirectory()) return stat?.mtimeMs ?? 0;
  const inside = readdirSync(path).filter((name) => name !== 'generated');
  return Math.max(0, ...inside.map((name) => changedAt(join(path, name))));
}

if (process.argv[1] === import.meta.filename) await build();
