import { join } from 'node:path';
import {
  bringFashionMnist,
  CLASSES,
  divided,
  picked,
  readFashionMnist,
  writeParts,
} from '../fashion-mnist.ts';
import { KEPT } from '../kept.ts';
import type { SpecOfBench } from '../train.ts';
import { type BenchData, type BenchJob, PARENT } from './chain.ts';
import type { Experiment } from './experiment.ts';
import { shuffled } from './shuffled.ts';

/**
 * The book's transfer: Géron, Hands-On Machine Learning, chapter 11 and its notebook. Model A knows eight classes of
 * Fashion-MNIST; model B is to tell the two others apart by 200 examples. Published are single runs, seed 42.
 */
interface Edition {
  readonly group: string;
  /** The two classes that A never sees. */
  readonly pair: readonly [number, number];
  /** Which of the 60,000 the edition validates on. */
  readonly validated: 'first' | 'last';
  readonly layers: NonNullable<SpecOfBench['model']['layers']>;
  readonly published: { readonly a: number; readonly scratch: number; readonly transfer: number };
}

const LABELLED = 200;
const flatten = { type: 'flatten' } as const;

const EDITIONS: readonly Edition[] = [
  {
    group: 'Sandal or shirt (2nd edition)',
    pair: [5, 6],
    validated: 'first',
    // Keras's own default, which the book leaves it at.
    layers: [
      flatten,
      ...[300, 100, 50, 50, 50].map(
        (units) => ({ type: 'dense', units, activation: 'selu', initializer: 'glorotUniform' }) as const,
      ),
    ],
    published: { a: 0.92, scratch: 0.9705, transfer: 0.994 },
  },
  {
    group: 'Pullover or T-shirt (3rd edition)',
    pair: [0, 2],
    validated: 'last',
    layers: [
      flatten,
      ...[100, 100, 100].map(
        (units) => ({ type: 'dense', units, activation: 'relu', initializer: 'heNormal' }) as const,
      ),
    ],
    published: { a: 0.9027, scratch: 0.9185, transfer: 0.9385 },
  },
];

const optimizer = { type: 'sgd', learningRate: 0.001 } as const;
const settings = { split: { column: 'part' }, standardize: false } as const;
const shared = { checkpoint: { everySteps: 1_000_000 } };

export const BOOK_PAIRS: readonly Experiment[] = EDITIONS.flatMap((edition) => [
  ...experimentsOf(edition),
  ...experimentsWithOthers(edition),
]);

function experimentsOf(edition: Edition): Experiment[] {
  const { group, published } = edition;
  const data = () => dataOfB(edition);
  return [
    {
      group,
      name: 'A, on the eight others (validation)',
      published: published.a,
      measure: 'val_accuracy',
      job: (seed) => jobA(edition, seed),
    },
    ...comparison(edition, 'B, the first 200', data, published.scratch, published.transfer),
  ];
}

/** The book has the first 200 examples; how much hangs on which these are is worth knowing. */
function experimentsWithOthers(edition: Edition): Experiment[] {
  return comparison(edition, 'B, 200 others for each seed', (seed) => dataOfB(edition, seed), null, null);
}

function comparison(
  edition: Edition,
  name: string,
  data: (seed: number) => BenchData,
  scratch: number | null,
  transfer: number | null,
): Experiment[] {
  const { group } = edition;
  const measure = 'test_accuracy';
  const base: Experiment = {
    group,
    name: `${name}: from scratch`,
    published: scratch,
    measure,
    job: (seed) => jobB(edition, seed, data(seed)),
  };
  const upon = (seed: number) => jobBUponA(edition, seed, data(seed));
  return [base, { group, name: `${name}: transfer`, published: transfer, measure, job: upon, against: base }];
}

function jobA({ group, pair, validated, layers }: Edition, seed: number): BenchJob {
  const classes = [...CLASSES.keys()].filter((label) => !pair.includes(label)).map(String);
  return {
    name: `${group}, A, seed ${seed}`,
    data: {
      name: `whole, ${validated} validated`,
      bring: (folder) => bringFashionMnist(KEPT, folder, validated),
    },
    spec: {
      seed,
      data: { ...settings, classes },
      model: { layers },
      stages: [{ epochs: 20, optimizer }],
      ...shared,
    },
  };
}

function jobB({ group, layers }: Edition, seed: number, data: BenchData): BenchJob {
  return {
    name: `${group}, ${data.name}, from scratch, seed ${seed}`,
    data,
    spec: { seed, data: settings, model: { layers }, stages: [{ epochs: 20, optimizer }], ...shared },
  };
}

/** All but A's head, frozen for four epochs and not for sixteen, at one rate. */
function jobBUponA(edition: Edition, seed: number, data: BenchData): BenchJob {
  return {
    name: `${edition.group}, ${data.name}, transfer, seed ${seed}`,
    data,
    parent: jobA(edition, seed),
    spec: {
      seed,
      data: settings,
      model: { from: { model: PARENT, layers: 'all' } },
      stages: [
        { name: 'frozen', trainable: 'new', epochs: 4, optimizer },
        { name: 'unfrozen', trainable: 'all', epochs: 16, optimizer, learningRateScale: 1 },
      ],
      ...shared,
    },
  };
}

/** The first 200 of the two classes that train, or with a seed 200 others; all that validate, and all 2,000 that test. */
function dataOfB({ pair, validated }: Edition, seed?: number): BenchData {
  const name = `classes ${pair.join(' and ')}, ${seed === undefined ? 'the first 200' : `200 by seed ${seed}`}`;
  const bring = async (folder: string | undefined) => {
    const { train, test } = await readFashionMnist(folder);
    const rows = divided(train, validated);
    const isOfPair =
      ({ labels }: typeof train) =>
      (row: number) =>
        pair.includes(labels[row]!);
    const candidates = rows.train.filter(isOfPair(train));
    const labelled = seed === undefined ? candidates : shuffled(candidates, seed);
    return writeParts(join(KEPT, `${name.replaceAll(/\W+/g, '-')}.idx`), [
      picked(train, labelled.slice(0, LABELLED)),
      picked(train, rows.validation.filter(isOfPair(train))),
      picked(test, [...test.labels.keys()].filter(isOfPair(test))),
    ]);
  };
  return { name, bring };
}
