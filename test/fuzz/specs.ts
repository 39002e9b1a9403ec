import { pipelineSpec } from '../api-server.ts';

/** What a service has at the beginning of a run, for requests to name. */
export interface Known {
  /** By the part of an address that they stand behind; grows with what requests make. */
  readonly ids: Readonly<Record<string, string[]>>;
  readonly table: string;
  /** With the columns that the model takes. */
  readonly three: string;
  readonly pictures: string;
  readonly model: string;
}

/** Specs that are valid, of many kinds, for a mutation to break. */
export function validSpecs({ table, three, pictures, model }: Known): readonly object[] {
  const data = { dataset: table, target: 'y', inputs: ['x'] };
  const kinds = { dataset: table, target: 'kind', inputs: ['x', 'y'] };
  const image = { dataset: pictures };
  const dense = { type: 'dense', units: 4 };
  const schedule = { type: 'oneCycle', maxLearningRate: 0.01 };
  return [
    { data, model: { layers: [dense] }, stages: [{ epochs: 2 }] },
    {
      name: 'many fields',
      labels: { team: 'a', purpose: 'b' },
      seed: 7,
      data: { ...kinds, split: { validation: 0.2, test: 0.2 }, classWeights: 'balanced', missing: 'mean' },
      model: {
        layers: [
          { ...dense, activation: 'relu', name: 'low' },
          { type: 'dropout', rate: 0.2 },
        ],
      },
      stages: [
        { epochs: 2, batchSize: 8, optimizer: { type: 'nadam', learningRate: 0.01 }, schedule },
        { epochs: 1, optimizer: { type: 'momentum', momentum: 0.9 }, earlyStopping: { patience: 2 } },
      ],
      evaluate: { mcDropout: { samples: 10, quantiles: [0.1, 0.9] } },
      limits: { maxSeconds: 60 },
      checkpoint: { everySteps: 10, keep: 2 },
    },
    {
      data: { ...data, window: { length: 2, horizon: 1 } },
      model: { layers: [{ type: 'lstm', units: 4 }] },
      stages: [{ epochs: 1 }],
    },
    {
      data: { ...image, augment: [{ type: 'flip' }] },
      model: {
        layers: [
          { type: 'conv2d', filters: 2, kernelSize: 3 },
          { type: 'maxPool', poolSize: 2 },
          { type: 'flatten' },
          dense,
        ],
      },
      stages: [{ epochs: 1 }],
    },
    {
      data: image,
      model: { layers: [{ type: 'flatten' }, dense] },
      stages: [{ epochs: 1, objective: { type: 'denoising' } }],
    },
    {
      data,
      model: {
        layers: [
          { ...dense, name: 'a' },
          { ...dense, name: 'b', inputs: ['a'] },
          { type: 'add', name: 'sum', inputs: ['a', 'b'] },
        ],
      },
      stages: [{ epochs: 1, trainable: 'all' }],
    },
    {
      data: { dataset: three, target: 'label' },
      model: { from: { model, layers: { upTo: 'layer_0' } }, layers: [{ ...dense, name: 'new' }] },
      stages: [{ epochs: 1, trainable: 'new', learningRateScale: 0.1 }],
    },
  ];
}

export function validPipelines(known: Known): readonly object[] {
  const [first, second] = validSpecs(known) as [object, object];
  return [
    pipelineSpec(known.table),
    {
      name: 'two',
      jobs: [
        { ...first, name: 'one' },
        { ...second, name: 'two' },
      ],
    },
  ];
}

export const PREDICTIONS: readonly object[] = [
  { inputs: [[1, 2, 3]] },
  {
    inputs: [{ x1: 1, x2: 2, x3: 3 }],
    mcDropout: { samples: 5, seed: 1, quantiles: [0.5] },
    abstainAbove: 1,
  },
  { inputs: [[1, 2, 3], { x1: 1 }, 'iVBORw0KGgo='] },
];
