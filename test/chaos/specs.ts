import type { JobSpecInput } from '../../src/spec/job.ts';

/** A job on concrete.csv of 26 steps an epoch, with something random in each. */
export function regression(
  dataset: string,
  epochs: number,
  change: Partial<JobSpecInput> = {},
): JobSpecInput {
  const optimizer = { type: 'nadam', learningRate: 0.002 } as const;
  return {
    seed: 3,
    data: { dataset, target: 'strength' },
    model: {
      layers: [
        { type: 'dense', units: 32, activation: 'relu' },
        { type: 'dropout', rate: 0.1 },
      ],
    },
    stages: [{ epochs, optimizer, earlyStopping: { patience: epochs } }],
    checkpoint: { everySteps: 50 },
    ...change,
  };
}
