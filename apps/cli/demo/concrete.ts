import type { RegressionPrediction } from '../../../src/spec/prediction.ts';
import type { Experiment, Row } from './experiment.ts';

/** No mix in the data comes near this one: seven times the cement of any water that could set it. */
const IMPOSSIBLE: Row = {
  cement: 1200,
  slag: 0,
  fly_ash: 500,
  water: 40,
  superplasticizer: 120,
  coarse_aggregate: 200,
  fine_aggregate: 100,
  age: 2000,
};

const SHOWN = ['cement', 'slag', 'water', 'age'] as const;

/** How strong is this concrete? A regression with uncertainty in megapascals. */
export const concrete: Experiment = {
  name: 'concrete',
  title: 'Concrete: the strength of a mix, in MPa',
  file: 'concrete.csv',
  metric: 'val_rmse',
  testMetrics: ['rmse', 'mae', 'r2', 'mc_rmse'],
  job: {
    name: 'demo-concrete',
    seed: 42,
    data: { target: 'strength', split: { column: 'fold' } },
    model: {
      layers: [
        { type: 'dense', units: 64, activation: 'relu' },
        { type: 'dropout', rate: 0.1 },
        { type: 'dense', units: 64, activation: 'relu' },
        { type: 'dropout', rate: 0.1 },
      ],
    },
    stages: [
      {
        epochs: 100,
        batchSize: 32,
        optimizer: { type: 'nadam' },
        schedule: { type: 'oneCycle', maxLearningRate: 0.01 },
        earlyStopping: { monitor: 'val_loss', patience: 25 },
      },
    ],
    evaluate: { mcDropout: { samples: 100 } },
  },
  ask: {
    mcDropout: { samples: 200, seed: 7, quantiles: [0.05, 0.95], returnSamples: false },
    abstainAbove: 8,
  },
  questions(heldOut) {
    const known = [3, 21, 44, 60, 77, 95].map((i) => {
      const { strength, ...input } = heldOut[i]!;
      return { label: 'held out', input, truth: strength!.toFixed(1) };
    });
    return [...known, { label: 'impossible mix', input: IMPOSSIBLE, truth: '?' }];
  },
  columns: ['mix', ...SHOWN, 'truth', 'mean ± std', '5 % … 95 %', ''],
  cells({ label, input, truth }, prediction) {
    const { mean, std, quantiles, abstained } = prediction as RegressionPrediction;
    const [low, high] = quantiles!.map(({ value }) => fixed(value));
    return [
      label,
      ...SHOWN.map((name) => String(input[name])),
      truth,
      `${fixed(mean)} ± ${fixed(std!)}`,
      `${low} … ${high}`,
      abstained ? 'abstains' : '',
    ];
  },
};

function fixed(value: number | string): string {
  return Number(value).toFixed(1);
}
