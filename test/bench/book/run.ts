import { parseArgs } from 'node:util';
import { bringFashionMnist } from '../fashion-mnist.ts';
import { figure, markdown, signed } from '../figures.ts';
import { fileOf, KEPT, keep, readKept } from '../kept.ts';
import { type Result, train } from '../train.ts';
import { EXPERIMENTS, type Experiment, SOURCE } from './experiments.ts';

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

const experiments = EXPERIMENTS.map(({ spec, ...experiment }) => ({
  ...experiment,
  spec: { ...spec, seed: Number(options.seed) },
}));

async function main(): Promise<void> {
  const wanted = experiments.filter(({ name }) => new RegExp(options.only, 'i').test(name));
  for (const experiment of options.table ? [] : wanted) {
    const file = keptAs(experiment);
    if (readKept(file) && !options.again) continue;
    const dataset = await bringFashionMnist(KEPT, options.from);
    keep(file, await train(experiment.name, experiment.spec, dataset));
  }
  console.log(table(experiments));
}

/** Experiments that differ only in what is measured share a run. */
function keptAs({ spec: { name: _, ...same } }: Experiment): string {
  return fileOf('book', same);
}

function table(experiments: readonly Experiment[]): string {
  const header = ['experiment', '', 'published', 'ours', 'difference', 'seconds', 'date, machine'];
  const rows = experiments.map((experiment) => {
    const { group, name, published, measure } = experiment;
    const result = readKept<Result>(keptAs(experiment));
    const ours = result?.accuracy[measure];
    const difference = published !== null && ours !== undefined ? signed(ours - published) : '';
    const made = result ? `${result.date}, ${result.machine}` : '';
    return [group, name, figure(published), figure(ours), difference, result?.seconds ?? '', made];
  });
  return [`Published: ${SOURCE}.`, '', markdown(header, rows)].join('\n');
}

await main();
