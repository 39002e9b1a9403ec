import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { coreType, type Participant, participants } from './contenders.ts';
import { writeExamples, writeInitial } from './examples.ts';
import { circumstances } from './machine.ts';
import { MODELS, type Model } from './models.ts';
import { GEMM_SIDE } from './operations.ts';
import type { Setting } from './protocol.ts';
import { report } from './report.ts';
import { interleaved } from './rounds.ts';
import type { Run } from './summary.ts';

/**
 * Trains the same models with ours, with PyTorch and with TensorFlow.js as it comes, turn by turn, and tells how fast
 * each is. Both sides hold their batches ready; ours also reads loss, norm and outputs at every step, as training does.
 *
 *     npm run bench:train -- [--models gemm,mlp,cnn,…] [--threads 1,2] [--batch 64,256] [--rounds 5] [--seconds 1.5]
 *         [--contenders torch,torch-tuned,stock,eager,compiled,compiled-wasm,…] [--python FILE] [--core SkylakeX]
 *         [--out FILE.md]
 *     npm run bench:train -- --job [--job-seconds 60] [--threads 1,2] [--rounds 5] [--out FILE.md]
 *
 * `--job` measures something else: a job through the whole service against its bare training loop.
 */
const { values: options } = parseArgs({
  options: {
    models: { type: 'string', default: ['gemm', ...MODELS.map(({ name }) => name)].join(',') },
    threads: { type: 'string', default: '1,2' },
    batch: { type: 'string', default: '64,256' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '1.5' },
    contenders: { type: 'string' },
    python: { type: 'string', default: '/usr/bin/python3' },
    core: { type: 'string', default: coreType() ?? '' },
    out: { type: 'string' },
    job: { type: 'boolean', default: false },
    'job-seconds': { type: 'string', default: '60' },
  },
});
const listed = (text: string) => text.split(',').filter(Boolean);
const names = listed(options.models);
const threads = listed(options.threads).map(Number);
const batches = listed(options.batch).map(Number);
const pace = { rounds: Number(options.rounds), seconds: Number(options.seconds) };
const everyone = participants(options.python, options.core || undefined);

async function main(): Promise<void> {
  buildContenders();
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-bench-'));
  try {
    tell(options.job ? await measureJob(folder) : await measureSteps(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** As a service runs it: what tsx makes of the sources is slower by the naming of each closure, and larger. */
function buildContenders(): void {
  const compiler = 'node_modules/typescript/bin/tsc';
  const { status } = spawnSync(
    process.execPath,
    [compiler, '-p', join(import.meta.dirname, 'tsconfig.json')],
    {
      stdio: 'inherit',
    },
  );
  if (status !== 0) throw new Error('The contenders can’t be built');
}

async function measureSteps(folder: string): Promise<string> {
  const runs: Run[] = [];
  for (const setting of settings(folder)) {
    runs.push({ setting, outcomes: await interleaved(taking(setting), setting, pace) });
  }
  return `${report(runs, MODELS, everyone)}\n\nMedians of ${pace.rounds} rounds of ${pace.seconds} s.`;
}

async function measureJob(folder: string): Promise<string> {
  const { jobOverhead } = await import('./job-overhead.ts');
  const { compiled, eager } = everyone;
  const engines = { compiled: compiled!, eager: eager! };
  const seconds = Number(options['job-seconds']);
  const tables: string[] = [];
  for (const count of threads) {
    tables.push(await jobOverhead(folder, engines, { seconds, threads: count, rounds: pace.rounds }));
  }
  return tables.join('\n\n');
}

function settings(folder: string): Setting[] {
  const unknown = names.find((name) => name !== 'gemm' && !MODELS.some((model) => model.name === name));
  if (unknown) throw new Error(`There is no model “${unknown}”`);
  const products = names.includes('gemm') ? threads.map(productsOf) : [];
  return [...products, ...MODELS.filter(({ name }) => names.includes(name)).flatMap(settingsOf(folder))];
}

function productsOf(count: number): Setting {
  return { kind: 'gemm', model: 'gemm', threads: count, batch: GEMM_SIDE };
}

function settingsOf(folder: string): (model: Model) => Setting[] {
  return (model) => {
    const { name, kind, network, optimizer } = model;
    const examples = writeExamples(folder, model);
    const initial = writeInitial(folder, model);
    return threads.flatMap((count) =>
      (model.batches ?? batches).map((batch) => ({
        ...{ kind, model: name, threads: count, batch, examples, network, initial, optimizer },
      })),
    );
  };
}

/** Who takes part in a setting. One thread is measured where one is all that a contender has. */
function taking({ kind, threads: count }: Setting): Record<string, Participant> {
  const wanted = options.contenders === undefined ? Object.keys(everyone) : listed(options.contenders);
  const unknown = wanted.find((name) => !everyone[name]);
  if (unknown) throw new Error(`There is no contender “${unknown}”`);
  const most = (participant: Participant) => participant.threaded || count === Math.min(...threads);
  const able = wanted
    .map((name) => [name, everyone[name]!] as const)
    .filter(([, participant]) => participant.kinds.includes(kind) && most(participant));
  return Object.fromEntries(able);
}

function tell(table: string): void {
  const text = `${table}\n\n${circumstances(options.python, options.core || undefined)}\n`;
  console.log(text);
  if (options.out !== undefined) writeFileSync(options.out, text);
}

await main();
