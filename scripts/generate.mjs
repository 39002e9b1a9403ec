// Generates what isn't checked in: the module of the engine's kernels, and the Prisma client. Prisma's CLI downloads
// a schema engine before any command, though generating needs none: pointed at a file that exists, it looks no
// further, and works offline.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { buildKernels } from './build-kernels.mjs';

await buildKernels();
const prisma = createRequire(import.meta.url).resolve('prisma/build/index.js');
const { status } = spawnSync(process.execPath, [prisma, 'generate'], {
  stdio: 'inherit',
  env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: process.execPath, PRISMA_HIDE_UPDATE_MESSAGE: '1' },
});
process.exit(status ?? 1);
