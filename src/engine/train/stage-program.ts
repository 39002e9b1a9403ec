import type { SettledStage } from '../../spec/trainable.ts';
import { type Network, trainableWeights } from '../model/network.ts';
import { type LayerKeys, trainingKeys } from '../model/random-source.ts';
import { createOptimizer } from '../optimize/optimizers.ts';
import { adversary } from './objectives/gan.ts';
import { createObjective } from './objectives/index.ts';
import type { TrainJob } from './train-job.ts';
import type { NextProgram, StepProgram } from './train-step.ts';

/** Turns a stage's spec into what its steps need: objective, trainable mask, optimizer and random draws. */
export function compileStage(
  job: Pick<TrainJob, 'network' | 'penalized' | 'task' | 'inputs' | 'generator' | 'seed'>,
  spec: SettledStage,
  stage: number,
): { program: StepProgram; keysAt: (step: number) => LayerKeys } {
  const frozen = frozenLayers(job.network, spec);
  const moving = new Set(job.network.layers.map(({ name }) => name).filter((name) => !frozen.has(name)));
  const program: StepProgram = {
    network: job.network,
    penalized: job.penalized ?? job.network.weights,
    objective: createObjective(spec.objective, job.task, {
      inputShape: job.network.spec.inputShape,
      inputs: job.inputs,
      generator: job.generator,
    }),
    optimizer: createOptimizer(spec.optimizer),
    trainable: trainableWeights(job.network, moving),
    frozen,
    resting: spec.objective.type === 'gan' ? 0 : restingLayers(job.network, frozen),
    next: job.generator && generatorProgram(job.generator, job.network, spec),
  };
  return { program, keysAt: (step) => trainingKeys(job.seed, stage, step) };
}

/** The generator's part of each step: all of it moves. */
function generatorProgram(
  generator: Network,
  judge: Network,
  { objective, optimizer }: SettledStage,
): NextProgram | undefined {
  if (objective.type !== 'gan') return undefined;
  const { optimizer: own = optimizer } = objective.generator;
  return {
    network: generator,
    penalized: generator.weights,
    objective: adversary(judge),
    optimizer: createOptimizer(own),
    trainable: trainableWeights(generator),
    frozen: new Set(),
    resting: 0,
    rateScale: own.learningRate / optimizer.learningRate,
  };
}

/** The layers whose weights a stage leaves alone. */
export function frozenLayers({ layers }: Network, { trainable }: SettledStage): ReadonlySet<string> {
  const moving = new Set(trainable === 'all' ? layers.map(({ name }) => name) : trainable.layers);
  return new Set(layers.map(({ name }) => name).filter((name) => !moving.has(name)));
}

/** How many of the lowest layers have no weights that move: no gradient is asked of them. */
export function restingLayers({ layers }: Network, frozen: ReadonlySet<string>): number {
  const lowest = layers.findIndex(({ name, weights }) => weights.length > 0 && !frozen.has(name));
  return lowest === -1 ? layers.length : lowest;
}
