import type { JobSpecInput } from '../src/spec/job.ts';

type Layers = Extract<JobSpecInput['model'], { layers?: unknown }>['layers'];

/**
 * A network with few weights, whose checkpoints are small, and much to multiply: a step of 32 rows takes a
 * millisecond or two, so a job can be caught in the middle. Something is random in each step.
 */
export const SLOW_MODEL: { layers: NonNullable<Layers> } = {
  layers: [
    { type: 'dense', units: 256, activation: 'relu' },
    { type: 'reshape', shape: [16, 16, 1] },
    { type: 'conv2d', filters: 8, kernelSize: 3, activation: 'relu' },
    { type: 'conv2d', filters: 8, kernelSize: 3, activation: 'relu' },
    { type: 'globalAvgPool' },
    { type: 'dropout', rate: 0.1 },
  ],
};
