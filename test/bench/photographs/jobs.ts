import type { JobSpecInput } from '../../../src/spec/job.ts';
import { FEATURES } from './mobilenet.ts';
import type { Classes } from './photographs.ts';

/** Pictures of a few classes that are to be told apart. */
export const SETS: Readonly<Record<string, Classes>> = {
  'bird, flower or fruit': { bird: 'animals/birds', flower: 'plants/flowers', fruit: 'food/fruit' },
  'bird or mammal': { bird: 'animals/birds', mammal: 'animals/mammals' },
  'fruit or vegetable': { fruit: 'food/fruit', vegetable: 'food/vegetables' },
};

type Stage = JobSpecInput['stages'][number];

/** Three pictures in ten are held out; nothing is chosen by them. */
const held = { validation: 0.3, test: 0 } as const;
const batchSize = 16;
const optimizer = { type: 'adam', learningRate: 0.001 } as const;
/** How many of MobileNet's highest layers with weights are trained in the end: its two last convolutions. */
const TOP = 4;

const frozen: Stage = { name: 'frozen', trainable: 'new', epochs: 60, batchSize, optimizer };
const unfrozen = { epochs: 10, batchSize, optimizer, learningRateScale: 0.1 };
const top: Stage = { name: 'top', trainable: { top: TOP }, ...unfrozen };
/** The same without their batch norms, which go on normalizing by what MobileNet has seen. */
const convolutions: Stage = {
  name: 'convolutions',
  trainable: { layers: ['block_16_project', 'Conv_1', 'output'] },
  ...unfrozen,
};

/** What each set of pictures is learned by. @param model MobileNet */
export function jobsOf(name: string, dataset: string, model: string, seed: number): JobSpecInput[] {
  return [
    fromScratch(name, dataset, seed),
    ...[top, convolutions].map((last) => uponMobileNet(name, dataset, model, seed, last)),
  ];
}

/** A new head on MobileNet's features; then its highest layers too. */
function uponMobileNet(
  name: string,
  dataset: string,
  model: string,
  seed: number,
  last: Stage,
): JobSpecInput {
  return {
    name,
    seed,
    data: { dataset, split: held },
    model: { from: { model, layers: { upTo: FEATURES } }, layers: [] },
    stages: [frozen, last],
  };
}

/** What so few pictures teach a small network that has seen none before. */
function fromScratch(name: string, dataset: string, seed: number): JobSpecInput {
  const block = (filters: number) => [
    { type: 'conv2d', filters, kernelSize: 3, padding: 'same', activation: 'relu' } as const,
    { type: 'maxPool' } as const,
  ];
  return {
    name,
    seed,
    data: { dataset, split: held, imageSize: { height: 64, width: 64 } },
    model: { layers: [...[16, 32, 64].flatMap(block), { type: 'globalAvgPool' }] },
    stages: [{ name: 'scratch', epochs: 40, batchSize, optimizer }],
  };
}

export const TIMED_BATCH = 8;

/** Each stage with its frozen layers' features computed once, and at every step. Nothing is validated meanwhile. */
export function timed(dataset: string, model: string): JobSpecInput {
  const both = (stage: Stage): Stage[] => [
    { ...stage, name: `${stage.name}-cached`, batchSize: TIMED_BATCH, epochs: 3, cacheFeatures: true },
    { ...stage, name: `${stage.name}-computed`, batchSize: TIMED_BATCH, epochs: 2, cacheFeatures: false },
  ];
  return {
    name: 'time of a step',
    data: { dataset, split: { validation: 0, test: 0.3 } },
    model: { from: { model, layers: { upTo: FEATURES } }, layers: [] },
    stages: [frozen, top].flatMap(both),
  };
}
