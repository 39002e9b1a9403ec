import { readFileSync } from 'node:fs';
import { run } from './run.mjs';

/**
 * Installs the locked dependencies, development ones too, unless `node_modules` already holds exactly them.
 * Runs before anything is installed, so it imports nothing but Node.
 */
export async function install() {
  if (isCurrent()) return;
  console.error('Installing dependencies …');
  // No package here needs its install script, and tfjs-node-gpu's downloads hundreds of megabytes: a host with a
  // GPU runs it by `npm rebuild @tensorflow/tfjs-node-gpu`.
  await run('npm', 'ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error');
}

/** npm notes what it installed in a lockfile of its own; an interrupted install leaves none. */
function isCurrent() {
  const installed = packagesOf('node_modules/.package-lock.json');
  return Object.entries(packagesOf('package-lock.json') ?? {}).every(
    ([path, { version, optional }]) => path === '' || optional || installed?.[path]?.version === version,
  );
}

function packagesOf(lockfile) {
  try {
    return JSON.parse(readFileSync(new URL(`../${lockfile}`, import.meta.url), 'utf8')).packages;
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}
