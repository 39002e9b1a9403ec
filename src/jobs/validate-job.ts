import { planData } from '../data/plan.ts';
import { Problems } from '../data/problems.ts';
import { askedShape } from '../spec/asked-shape.ts';
import type { DatasetSchema } from '../spec/dataset.ts';
import { distributionOf } from '../spec/distribution.ts';
import { expandModel } from '../spec/expand.ts';
import type { JobSpec } from '../spec/job.ts';
import { pretrainingTaskOf } from '../spec/objective.ts';
import type { ParentModel } from '../spec/parent.ts';
import { TrainyardError } from './errors.ts';
import type { Validation } from './services.ts';
import { advise } from './validation/advice.ts';
import { countParameters, estimateMemory } from './validation/estimate-memory.ts';
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
  const generator = checkObjectives(spec, plan, network, problems);
  if (spec.evaluate.mcDropout) checkMcDropout(hidden, problems);
  if (spec.evaluate.topK !== undefined) checkTopK(spec.evaluate.topK, plan, problems);
  if (!network || problems.found.length > 0) throw invalid(problems.found);
  const layers = [...network.layers];
  const reused = new Set(base.map(({ name }) => name));
  const parameters = countParameters(layers);
  const memoryBytes = estimateMemory(spec.stages, { placed, layers, generator: generator ?? [] });
  return {
    layers: layers.map((layer) => ({ ...layer, reused: reused.has(layer.name) })),
    generator,
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
