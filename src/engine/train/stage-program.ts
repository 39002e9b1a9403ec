import type { StageSpec } from '../../spec/stage.ts';
import { trainableWeights } from '../model/network.ts';
import { type RandomSources, trainingRandom } from '../model/random-source.ts';
import { createOptimizer } from '../optimize/optimizers.ts';
import { createObjective } from './objectives/index.ts';
import type { TrainJob } from './train-job.ts';
import type { StepProgram } from './train-step.ts';

/** Turns a stage's spec into what its steps need: objective, trainable mask, optimizer and random draws. */
export function compileStage(
  job: Pick<TrainJob, 'network' | 'task' | 'inputs' | 'seed'>,
  spec: StageSpec,
  stage: number,
): { program: StepProgram; randomAt: (step: number) => RandomSources } {
  const moving = new Set(
    spec.trainable === 'all' ? job.network.layers.map(({ name }) => name) : spec.trainable.layers,
  );
  const program: StepProgram = {
    network: job.network,
    objective: createObjective(spec.objective, job.task, {
      inputShape: job.network.spec.inputShape,
      inputs: job.inputs,
    }),
    optimizer: createOptimizer(spec.optimizer),
    trainable: trainableWeights(job.network, moving),
    frozen: new Set(job.network.layers.map(({ name }) => name).filter((name) => !moving.has(name))),
  };
  return { program, randomAt: (step) => trainingRandom(job.seed, stage, step) };
}
