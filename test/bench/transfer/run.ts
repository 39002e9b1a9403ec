import { parseArgs } from 'node:util';
import { figure, markdown, mean, signed, standardDeviation } from '../figures.ts';
import { BOOK_PAIRS } from './book-pairs.ts';
import { keptResult, trained } from './chain.ts';
import type { Experiment } from './experiment.ts';
import { FEW_LABELS } from './few-labels.ts';

/**
 * Learns with and without another model's lower layers, over several seeds, with the trainer's own code.
 *
 *     npm run bench:transfer -- [--from FOLDER] [--only PATTERN] [--seeds 1,2,3,4,5] [--table]
 *
 * Results are kept in `.bench/`, so that a run can be broken off; `--table` only prints. What is deleted there is
 * done anew.
 */
const { values: options } = parseArgs({
  options: {
    from: { type: 'string' },
    only: { type: 'string', default: '' },
    seeds: { type: 'string', default: '1,2,3,4,5' },
    table: { type: 'boolean', default: false },
  },
});
const seeds = options.seeds.split(',').map(Number);
const wanted = [...BOOK_PAIRS, ...FEW_LABELS].filter(({ group, name }) =>
  new RegExp(options.only, 'i').test(`${group}: ${name}`),
);

async function main(): Promise<void> {
  for (const seed of options.table ? [] : seeds) {
    for (const experiment of wanted) await trained(experiment.job(seed), options.from);
  }
  const header = ['', '', 'published', 'mean', 'std', 'least … most', 'better by', 'seeds better'];
  console.log(markdown(header, wanted.map(row)));
}

function row(experiment: Experiment): string[] {
  const { group, name, published } = experiment;
  const found = [...measured(experiment).values()];
  if (found.length === 0) return [group, name, figure(published), '', '', '', '', ''];
  return [
    group,
    name,
    figure(published),
    figure(mean(found)),
    found.length > 1 ? figure(standardDeviation(found)) : '',
    `${figure(Math.min(...found))} … ${figure(Math.max(...found))}`,
    ...gain(experiment),
  ];
}

/** By how much it is better than what it is against, and with how many of the seeds. */
function gain({ against, ...experiment }: Experiment): [string, string] {
  if (!against) return ['', ''];
  const base = measured(against);
  const gains = [...measured(experiment)].flatMap(([seed, value]) =>
    base.has(seed) ? [value - base.get(seed)!] : [],
  );
  if (gains.length === 0) return ['', ''];
  const spread = gains.length > 1 ? ` ± ${figure(standardDeviation(gains))}` : '';
  return [`${signed(mean(gains))}${spread}`, `${gains.filter((by) => by > 0).length} of ${gains.length}`];
}

/** What was measured, by seed. */
function measured({ job, measure }: Experiment): Map<number, number> {
  return new Map(
    seeds.flatMap((seed) => {
      const value = keptResult(job(seed))?.accuracy[measure];
      return value === undefined ? [] : [[seed, value] as const];
    }),
  );
}

await main();
