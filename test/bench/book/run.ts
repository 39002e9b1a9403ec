import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Tell, trainRun } from '../../../apps/worker/train-run.ts';
import { JobSpec } from '../../../src/spec/job.ts';
import { EXPERIMENTS, type Experiment, SOURCE } from './experiments.ts';
import { bringFashionMnist, type Dataset } from './fashion-mnist.ts';

/**
 * Repeats the book's experiments on Fashion-MNIST with the trainer's own code, and prints ours beside theirs.
 *
 *     npm run bench:book -- [--from FOLDER] [--only PATTERN] [--seed N] [--again] [--table]
 *
 * Results are kept in `.bench/`, so that a run can be broken off; `--again` does them anew, `--table` only prints.
 */
const { values: options } = parseArgs({
  options: {
    from: { type: 'string' },
    only: { type: 'string', default: '' },
    seed: { type: 'string', default: '42' },
    again: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
  },
});

interface Result {
  readonly accuracy: Readonly<Record<string, number>>;
  readonly seconds: number;
  readonly date: string;
  readonly machine: string;
}

const KEPT = '.bench';
const experiments = EXPERIMENTS.map(({ spec, ...experiment }) => ({
  ...experiment,
  spec: { ...spec, seed: Number(options.seed) },
}));

async function main(): Promise<void> {
  mkdirSync(KEPT, { recursive: true });
  const wanted = experiments.filter(({ name }) => new RegExp(options.only, 'i').test(name));
  for (const experiment of options.table ? [] : wanted) {
    if (kept(experiment) && !options.again) continue;
    keep(experiment, await measure(experiment));
  }
  console.log(table(experiments));
}

async function measure(experiment: Experiment): Promise<Result> {
  const workDirectory = mkdtempSync(join(tmpdir(), 'trainyard-bench-'));
  const dataset = await bringFashionMnist(KEPT, options.from);
  const accuracy: Record<string, number> = {};
  const tell: Tell = async (message) => {
    if (message.type !== 'epoch') return;
    Object.assign(accuracy, message.metrics);
    console.error(`${experiment.name}, epoch ${message.position.epoch}: ${describe(message.metrics)}`);
  };
  const startedAt = performance.now();
  const last = await trainRun(
    command(experiment, dataset, workDirectory),
    tell,
    new AbortController().signal,
  );
  rmSync(workDirectory, { recursive: true });
  if (last.type !== 'succeeded') throw new Error(`${experiment.name} ended as ${last.type}`);
  return {
    accuracy: { ...accuracy, ...last.evaluation },
    seconds: Math.round((performance.now() - startedAt) / 1000),
    date: new Date().toISOString().slice(0, 10),
    machine: `${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.versions.node}`,
  };
}

function command({ spec, name }: Experiment, dataset: Dataset, workDirectory: string) {
  const whole = { ...spec, data: { ...spec.data, dataset: `ds_${'0'.repeat(26)}` } };
  return {
    type: 'start' as const,
    jobId: name,
    runId: name,
    spec: JobSpec.parse(whole),
    dataset,
    workDirectory,
    backend: 'auto',
  };
}

function describe(metrics: Readonly<Record<string, number>>): string {
  return ['loss', 'accuracy', 'val_loss', 'val_accuracy']
    .filter((name) => metrics[name] !== undefined)
    .map((name) => `${name} ${metrics[name]!.toFixed(4)}`)
    .join(', ');
}

/** Experiments that differ only in what is measured share a run. */
function fileOf({ spec }: Experiment): string {
  const { name: _, ...same } = spec;
  const key = Buffer.from(JSON.stringify(same));
  const sum = key.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;
  return join(KEPT, `book-${sum.toString(16)}.json`);
}

function kept(experiment: Experiment): Result | null {
  const file = fileOf(experiment);
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

function keep(experiment: Experiment, result: Result): void {
  writeFileSync(fileOf(experiment), `${JSON.stringify(result, null, 2)}\n`);
}

function table(experiments: readonly Experiment[]): string {
  const header = [
    '| experiment | | published | ours | difference | seconds | date, machine |',
    '| --- | --- | --- | --- | --- | --- | --- |',
  ];
  const rows = experiments.map((experiment) => {
    const { group, name, published, measure } = experiment;
    const result = kept(experiment);
    const ours = result?.accuracy[measure];
    const difference = published !== null && ours !== undefined ? signed(ours - published) : '';
    const cells = [
      group,
      name,
      figure(published),
      figure(ours),
      difference,
      result?.seconds ?? '',
      result ? `${result.date}, ${result.machine}` : '',
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [`Published: ${SOURCE}.`, '', ...header, ...rows].join('\n');
}

function figure(accuracy: number | null | undefined): string {
  return accuracy?.toFixed(4).replace(/^0/, '') ?? '';
}

function signed(difference: number): string {
  return `${difference < 0 ? '−' : '+'}${figure(Math.abs(difference))}`;
}

await main();
