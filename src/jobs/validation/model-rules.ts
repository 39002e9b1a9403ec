import type { DataPlan } from '../../data/plan.ts';
import { type Problems, pointerTo } from '../../data/problems.ts';
import type { Distribution } from '../../spec/distribution.ts';
import { expandModel, type PlacedLayer } from '../../spec/expand.ts';
import { isStochastic, type NamedLayer } from '../../spec/layer.ts';
import type { ModelSpec } from '../../spec/model.ts';
import { type NetworkSpec, resolveNetwork } from '../../spec/network.ts';
import { type ParentModel, ReuseError, reusedLayers } from '../../spec/parent.ts';
import { inferShapes, type LayerShape, ShapeError } from '../../spec/shapes.ts';
import { misplacedEmbeddings, NETWORK_INPUT, unusedLayers } from '../../spec/wiring.ts';
import { checkInputShape, checkTopology } from './topology-rules.ts';

export interface PlannedNetwork {
  readonly spec: NetworkSpec;
  readonly layers: readonly LayerShape[];
}

/** The layers that a model begins with of another; null, with its problem noted, where that hasn't them. */
export function takeOver(
  { from }: ModelSpec,
  parent: ParentModel | undefined,
  problems: Problems,
): NamedLayer[] | null {
  if (!from || !parent) return [];
  try {
    return reusedLayers(from.layers, parent.network);
  } catch (error) {
    if (!(error instanceof ReuseError)) throw error;
    problems.add(pointerTo('model', 'from', 'layers'), error.message);
    return null;
  }
}

/** Settles the network that a spec describes; null, with its problems noted, where the layers don't fit. */
export function planNetwork(
  model: ModelSpec,
  base: readonly NamedLayer[],
  plan: DataPlan,
  distribution: Distribution,
  problems: Problems,
): PlannedNetwork | null {
  const placed = expandModel(model, base);
  checkNames(model, placed, problems);
  const { inputShape, task, outputUnits } = plan;
  const context = { inputShape, task, outputUnits, distribution, base };
  if (model.topology) checkInputShape(model.topology, context, problems);
  try {
    const spec = resolveNetwork(model, context);
    const layers = inferShapes(spec.inputShape, spec.layers);
    checkEmbeddings(spec, placed, problems);
    checkUnused(spec, placed, problems);
    if (model.topology) checkTopology(model.topology, { spec, layers }, context, problems);
    return { spec, layers };
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    problems.add(pointerToLayer(placed[error.layerIndex]), error.message);
    return null;
  }
}

/** The output layer that follows from the task stands in no list. */
function pointerToLayer(placed: PlacedLayer | undefined): string {
  return placed ? pointerTo('model', ...placed.path) : '/model/layers';
}

function checkNames(model: ModelSpec, placed: readonly PlacedLayer[], problems: Problems): void {
  const output = model.output?.name ?? 'output';
  if (output === NETWORK_INPUT) problems.add('/model/output/name', '“input” is the network’s own input');
  const taken = new Set(model.topology ? [] : [output]);
  for (const { layer, path, reused } of placed) {
    const pointer = reused ? '/model/output/name' : pointerTo('model', ...path, 'name');
    if (layer.name === NETWORK_INPUT) problems.add(pointer, '“input” is the network’s own input');
    else if (taken.has(layer.name))
      problems.add(pointer, reused ? headIsReused(layer.name) : `another layer is named “${layer.name}” too`);
    taken.add(layer.name);
  }
}

function headIsReused(name: string): string {
  return `the reused layers have one named “${name}”: take fewer of them, or give the output layer another name`;
}

/** What is wrong with an embedding that stands upon another layer. */
export const MISPLACED_EMBEDDING = 'an embedding takes ids, so it can only be the first layer';

function checkEmbeddings(spec: NetworkSpec, placed: readonly PlacedLayer[], problems: Problems): void {
  for (const position of misplacedEmbeddings(spec.layers))
    problems.add(pointerToLayer(placed[position]), MISPLACED_EMBEDDING);
}

function checkUnused({ layers }: NetworkSpec, placed: readonly PlacedLayer[], problems: Problems): void {
  for (const position of unusedLayers(layers)) {
    const { name, type } = layers[position]!;
    problems.add(pointerToLayer(placed[position]), `layer “${name}” (${type}): no layer takes its output`);
  }
}

/** Monte-Carlo dropout needs something that it can make random. */
export function checkMcDropout(layers: readonly NamedLayer[], problems: Problems): void {
  if (layers.some(isStochastic)) return;
  problems.add(
    '/evaluate/mcDropout',
    'the model has no dropout layer (or noise), so every Monte-Carlo pass would be the same',
  );
}
