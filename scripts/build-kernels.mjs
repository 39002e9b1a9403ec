import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root } from './run.mjs';

const KERNELS = join(root, 'src', 'engine', 'compile', 'kernels');
const SOURCES = join(KERNELS, 'assembly');
const MODULE = join(KERNELS, 'generated', 'module.ts');

const OPTIONS = [
  ...['--runtime', 'stub', '--noAssert', '-O3'],
  ...['--importMemory', '--sharedMemory', '--initialMemory', '1', '--maximumMemory', '65536'],
  ...['--enable', 'simd', '--enable', 'threads', '--enable', 'bulk-memory'],
  // What takes and gives vectors is exported to other files here, not to JavaScript.
  ...['--disableWarning', '112'],
];

/** Compiles the engine's kernels from AssemblyScript to a WebAssembly module, kept as text in a TypeScript module. */
export async function buildKernels() {
  if (isCurrent()) return;
  const binary = await compile(join(SOURCES, 'index.ts'));
  const text = Buffer.from(binary).toString('base64');
  mkdirSync(dirname(MODULE), { recursive: true });
  writeFileSync(MODULE, `export const KERNELS_BASE64 =\n  '${text}';\n`);
}

async function compile(source) {
  // Half a second to load: only when there is something to compile.
  const { main } = await import('assemblyscript/asc');
  let binary;
  const { error, stderr } = await main([source, '--outFile', 'kernels.wasm', ...OPTIONS], {
    writeFile: (_name, contents) => {
      binary = contents;
    },
  });
  if (error || !binary) throw new Error(`The kernels don't compile.\n${stderr}`, { cause: error });
  return binary;
}

function isCurrent() {
  const builtAt = changedAt(MODULE);
  const sources = readdirSync(SOURCES).map((name) => join(SOURCES, name));
  return [import.meta.filename, ...sources].every((source) => changedAt(source) < builtAt);
}

function changedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

if (process.argv[1] === import.meta.filename) await buildKernels();
