import { join } from 'node:path';
import { divided, type Pictures, picked, readFashionMnist, writeParts } from '../fashion-mnist.ts';
import { KEPT } from '../kept.ts';
import type { SpecOfBench } from '../train.ts';
import { type BenchData, type BenchJob, PARENT } from './chain.ts';
import type { Experiment } from './experiment.ts';
import { shuffled } from './shuffled.ts';

/**
 * Fashion-MNIST where few examples have labels: from scratch, and upon a network that learned without them. All
 * share one architecture and, with labels, one number of epochs.
 */
interface Pretraining {
  readonly name: string;
  /** What its stage asks for, as a job's spec says it. */
  readonly stage: Pick<SpecOfBench['stages'][number], 'objective' | 'optimizer'>;
  /** The examples that it learns from: the unlabelled rest, or the few with labels. */
  readonly on: 'rest' | 'labelled';
}

const optimizer = { type: 'adam', learningRate: 0.001 } as const;

/** Another objective is one more line. */
const PRETRAININGS: readonly Pretraining[] = [
  { name: 'autoencoder', stage: { objective: { type: 'autoencoder' }, optimizer }, on: 'rest' },
  { name: 'denoising', stage: { objective: { type: 'denoising' }, optimizer }, on: 'rest' },
  { name: 'masked', stage: { objective: { type: 'masked' }, optimizer }, on: 'rest' },
  { name: 'rotation', stage: { objective: { type: 'rotation' }, optimizer }, on: 'rest' },
  {
    name: 'GAN’s discriminator',
    stage: {
      objective: {
        type: 'gan',
        latent: 32,
        labelSmoothing: 0.1,
        generator: { layers: [128, 256].map((units) => ({ type: 'dense', units, activation: 'relu' })) },
      },
      // As Radford, Metz and Chintala have it: Unsupervised representation learning with deep convolutional GANs.
      optimizer: { type: 'adam', learningRate: 0.0002, beta1: 0.5 },
    },
    on: 'rest',
  },
  {
    name: 'pairs, of the labelled alone',
    stage: { objective: { type: 'pairs' }, optimizer },
    on: 'labelled',
  },
  // Not to be had where labels are few: to compare with.
  { name: 'the rest’s own labels', stage: { objective: { type: 'supervised' }, optimizer }, on: 'rest' },
];

/** How many labels there are, in equal parts of ten classes, and for how many epochs they are seen. */
const EPOCHS: Readonly<Record<number, number>> = { 50: 100, 100: 60, 500: 40 };
const LABELS = Object.keys(EPOCHS).map(Number);
/** So many of the 55,000 are the rest, none of them among the labelled: as many as are learned from in minutes. */
const REST = 10_000;
const REST_EPOCHS = 10;
/** This share of the epochs trains new layers alone; then all are trained at a lower rate. */
const FROZEN = 0.2;
const LOWER = 0.3;

const layers: NonNullable<SpecOfBench['model']['layers']> = [
  { type: 'conv2d', filters: 16, kernelSize: 5, strides: 2, padding: 'same', activation: 'relu' },
  { type: 'conv2d', filters: 32, kernelSize: 3, strides: 2, padding: 'same', activation: 'relu' },
  { type: 'flatten' },
  { type: 'dense', units: 64, activation: 'relu' },
];
/** The convolutions: what stood on them served another objective. */
const REUSED = 2;
const shared = { checkpoint: { everySteps: 1_000_000 } };

export const FEW_LABELS: readonly Experiment[] = LABELS.flatMap((labels) => {
  const line = { group: `Fashion-MNIST, ${labels} labels`, published: null, measure: 'test_accuracy' };
  const scratch: Experiment = {
    ...line,
    name: 'from scratch',
    job: (seed) => fromScratch(labels, seed),
  };
  const pretrained = PRETRAININGS.map(
    (pretraining): Experiment => ({
      ...line,
      name: pretraining.name,
      job: (seed) => uponPretrained(pretraining, labels, seed),
      against: scratch,
    }),
  );
  return [scratch, ...pretrained];
});

function fromScratch(labels: number, seed: number): BenchJob {
  return {
    name: `${labels} labels, from scratch, seed ${seed}`,
    data: labelled(labels, seed),
    spec: {
      seed,
      data: { split: { column: 'part' } },
      model: { layers },
      stages: [{ epochs: EPOCHS[labels]!, optimizer }],
      ...shared,
    },
  };
}

function uponPretrained(pretraining: Pretraining, labels: number, seed: number): BenchJob {
  const epochs = EPOCHS[labels]!;
  const frozen = Math.round(FROZEN * epochs);
  return {
    name: `${labels} labels, ${pretraining.name}, seed ${seed}`,
    data: labelled(labels, seed),
    parent: pretrained(pretraining, labels, seed),
    spec: {
      seed,
      data: { split: { column: 'part' } },
      model: { from: { model: PARENT, layers: REUSED }, layers: layers.slice(REUSED) },
      stages: [
        { name: 'frozen', trainable: 'new', epochs: frozen, optimizer },
        {
          name: 'unfrozen',
          trainable: 'all',
          epochs: epochs - frozen,
          optimizer,
          learningRateScale: LOWER,
        },
      ],
      ...shared,
    },
  };
}

/** Learns on the rest once a seed, however many labels there are later; on the labelled as long as they are seen. */
function pretrained({ name, stage, on }: Pretraining, labels: number, seed: number): BenchJob {
  const isRest = on === 'rest';
  return {
    name: isRest ? `${name}, seed ${seed}` : `${name}, ${labels} labels, seed ${seed}`,
    data: isRest ? rest(seed) : labelled(labels, seed),
    spec: {
      seed,
      data: { split: isRest ? { validation: 0, test: 0 } : { column: 'part' } },
      model: { layers },
      stages: [{ ...stage, epochs: isRest ? REST_EPOCHS : EPOCHS[labels]! }],
      ...shared,
    },
  };
}

function labelled(labels: number, seed: number): BenchData {
  const name = `${labels} labels by seed ${seed}`;
  const bring = async (folder: string | undefined) => {
    const { train, test } = await readFashionMnist(folder);
    const rows = drawn(train, seed).slice(0, labels);
    return writeParts(join(KEPT, `${name.replaceAll(' ', '-')}.idx`), [picked(train, rows), test]);
  };
  return { name, bring };
}

function rest(seed: number): BenchData {
  const name = `${REST} without labels by seed ${seed}`;
  const bring = async (folder: string | undefined) => {
    const { train } = await readFashionMnist(folder);
    const most = Math.max(...LABELS);
    const rows = drawn(train, seed).slice(most, most + REST);
    return writeParts(join(KEPT, `${name.replaceAll(' ', '-')}.idx`), [picked(train, rows)]);
  };
  return { name, bring };
}

/** The 55,000 in the seed's order, each class in turn: the first 50 are 5 of each, and among the first 100. */
function drawn(train: Pictures, seed: number): number[] {
  const place = new Map<number, number>();
  const ranked = shuffled(divided(train).train, seed).map((row) => {
    const label = train.labels[row]!;
    const turn = place.get(label) ?? 0;
    place.set(label, turn + 1);
    return { row, turn, label };
  });
  return ranked.sort((a, b) => a.turn - b.turn || a.label - b.label).map(({ row }) => row);
}
