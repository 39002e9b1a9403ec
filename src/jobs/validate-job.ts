import { planData } from '../data/plan.ts';
import { Problems } from '../data/problems.ts';
import { askedShape } from '../spec/asked-shape.ts';
import type { DatasetSchema } from '../spec/dataset.ts';
import { distributionOf } from '../spec/distribution.ts';
import { expandModel, type PlacedLayer } from '../spec/expand.ts';
import type { JobSpec } from '../spec/job.ts';
import { pretrainingTaskOf } from '../spec/objective.ts';
import type { OptimizerSpec } from '../spec/optimizer.ts';
import type { ParentModel } from '../spec/parent.ts';
import { type LayerShape, size } from '../spec/shapes.ts';
import type { Trainable } from '../spec/stage.ts';
import { movingLayers } from '../spec/trainable.ts';
import { TrainyardError } from './errors.ts';
import type { Validation } from './services.ts';
import { advise } from './validation/advice.ts';
import { checkTopK } from './validation/evaluate-rules.ts';
import { checkMcDropout, planNetwork, takeOver } from './validation/model-rules.ts';
import { checkObjectives } from './validation/objective-rules.ts';
import { checkStages } from './validation/stage-rules.ts';

/**
 * Checks a spec against its data set's schema, and tells what the job would be. Pure: reads no data.
 * @param parent the model that the job builds on
 * @throws TrainyardError invalidSpec, with a pointer to each fault
 */
export function validateJob(spec: JobSpec, schema: DatasetSchema, parent?: ParentModel): Validation {
  const problems = new Problems();
  const base = takeOver(spec.model, parent, problems);
  if (!base) throw invalid(problems.found);
  const placed = expandModel(spec.model, base);
  const hidden = placed.map(({ layer }) => layer);
  const planning = planData(spec.data, schema, hidden, {
    parent,
    pretraining: pretrainingTaskOf(spec.stages),
    asked: askedShape(spec.model, parent),
  });
  if ('problems' in planning) throw invalid(planning.problems);
  const { plan, warnings } = planning;
  const network = planNetwork(spec.model, base, plan, distributionOf(spec.stages), problems);
  checkStages(spec, plan, { placed, network }, problems);
  checkObjectives(spec, plan, network, problems);
  if (spec.evaluate.mcDropout) checkMcDropout(hidden, problems);
  if (spec.evaluate.topK !== undefined) checkTopK(spec.evaluate.topK, plan, problems);
  if (!network || problems.found.length > 0) throw invalid(problems.found);
  const layers = [...network.layers];
  const parameters = layers.reduce((sum, layer) => sum + layer.parameters, 0);
  const memoryBytes = estimateMemory(spec, placed, layers, parameters);
  return {
    layers,
    parameters,
    memoryBytes,
    task: plan.task,
    warnings: [...warnings, ...advise(spec, { plan, placed, network: layers, parameters, memoryBytes })],
    model: makesModel(spec) ? { network: network.spec, inputs: plan.inputs } : null,
  };
}

/** A job that only searches for a learning rate throws away what it trained. */
function makesModel({ stages }: JobSpec): boolean {
  return stages.some(({ schedule }) => schedule.type !== 'lrFinder');
}

function invalid(errors: Problems['found']): TrainyardError {
  return new TrainyardError('invalidSpec', errors.map(({ message }) => message).join('; '), { errors });
}

const FLOAT_BYTES = 4;
/** What layers put out is kept for the gradients, which are as large. */
const COPIES_OF_KEPT = 2;

function estimateMemory(
  spec: JobSpec,
  placed: readonly PlacedLayer[],
  layers: readonly LayerShape[],
  parameters: number,
): number {
  const stages = spec.stages.map(({ optimizer, batchSize, objective, trainable }) => {
    const copiesOfWeights = 2 + slotsOf(optimizer);
    const inputs = batchSize * (objective.type === 'pairs' ? 2 : 1);
    return parameters * copiesOfWeights + inputs * numbersOfInput(trainable, placed, layers);
  });
  return FLOAT_BYTES * Math.max(...stages);
}

/** What one input takes at once: below the lowest layer that moves, a layer frees what the one before it made. */
function numbersOfInput(
  trainable: Trainable,
  placed: readonly PlacedLayer[],
  layers: readonly LayerShape[],
): number {
  const moving = new Set(movingLayers(trainable, placed, layers));
  const lowest = layers.findIndex(({ name, weights }) => moving.has(name) && weights.length > 0);
  const passing = layers.slice(0, lowest).map(({ inputShape, kept }) => size(inputShape) + kept);
  const kept = layers.slice(lowest).reduce((sum, layer) => sum + layer.kept, 0);
  return Math.max(0, ...passing) + kept * COPIES_OF_KEPT;
}

/** How many numbers the optimizer keeps a weight. */
function slotsOf(optimizer: OptimizerSpec): number {
  switch (optimizer.type) {
    case 'sgd':
      return 0;
    case 'momentum':
    case 'nesterov':
    case 'adagrad':
      return 1;
    case 'rmsprop':
      return 1 + Number(optimizer.centered) + Number(optimizer.momentum > 0);
    default:
      return 2;
  }
}
