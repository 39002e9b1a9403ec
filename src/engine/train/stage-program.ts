import type { SettledStage } from '../../spec/trainable.ts';
import { type Network, trainableWeights } from '../model/network.ts';
import { type RandomSources, trainingRandom } from '../model/random-source.ts';
import { createOptimizer } from '../optimize/optimizers.ts';
import { supervised } from './objectives/supervised.ts';
import type { TrainJob } from './train-job.ts';
import type { StepProgram } from './train-step.ts';

/** Turns a stage's spec into what its steps need: objective, trainable mask, optimizer and random draws. */
export function compileStage(
  job: Pick<TrainJob, 'network' | 'penalized' | 'task' | 'seed'>,
  spec: SettledStage,
  stage: number,
): { program: StepProgram; randomAt: (step: number) => RandomSources } {
  const frozen = frozenLayers(job.network, spec);
  const moving = new Set(job.network.layers.map(({ name }) => name).filter((name) => !frozen.has(name)));
  const program: StepProgram = {
    network: job.network,
    penalized: job.penalized ?? job.network.weights,
    objective: supervised(job.task, spec.objective.loss),
    optimizer: createOptimizer(spec.optimizer),
    trainable: trainableWeights(job.network, moving),
    frozen,
  };
  return { program, randomAt: (step) => trainingRandom(job.seed, stage, step) };
}

/** The layers whose weights a stage leaves alone. */
export function frozenLayers({ layers }: Network, { trainable }: SettledStage): ReadonlySet<string> {
  const moving = new Set(trainable === 'all' ? layers.map(({ name }) => name) : trainable.layers);
  return new Set(layers.map(({ name }) => name).filter((name) => !moving.has(name)));
}
