import type { JobSpecInput } from '../../src/spec/job.ts';
import { SLOW_MODEL } from '../slow-model.ts';

/** A job on concrete.csv of 26 steps an epoch, each of which takes a millisecond or two and has something random. */
export function regression(
  dataset: string,
  epochs: number,
  change: Partial<JobSpecInput> = {},
): JobSpecInput {
  const optimizer = { type: 'nadam', learningRate: 0.002 } as const;
  return {
    seed: 3,
    data: { dataset, target: 'strength' },
    model: SLOW_MODEL,
    stages: [{ epochs, optimizer, earlyStopping: { patience: epochs } }],
    checkpoint: { everySteps: 50 },
    ...change,
  };
}
