import { planWeights } from '../../data/models/plan-weights.ts';
import type { ForeignModel } from '../../data/models/weight-source.ts';
import { Problems, pointerTo } from '../../data/problems.ts';
import type { LazyWeight } from '../../model-file.ts';
import { expandModel, type PlacedLayer } from '../../spec/expand.ts';
import { readTopology, type Topology } from '../../spec/keras/topology.ts';
import type { ModelImport } from '../../spec/model-import.ts';
import type { ModelStructure } from '../../spec/model-structure.ts';
import { inferShapes, type LayerShape, ShapeError } from '../../spec/shapes.ts';
import { misplacedEmbeddings } from '../../spec/wiring.ts';
import { TrainyardError } from '../errors.ts';
import { MISPLACED_EMBEDDING } from '../validation/model-rules.ts';
import { checkRanks, fits, written } from '../validation/topology-rules.ts';
import { settleHead } from './import-head.ts';
import { settleInputs } from './import-inputs.ts';

/** A model of another's as one of ours, its weights still to be read. */
export interface SettledImport extends ModelStructure {
  readonly weights: readonly LazyWeight[];
}

const FLOAT_BYTES = 4;

/**
 * Makes our network of a model of another's, with what turns rows into its input, and finds its weights.
 * @param maxBytes that the weights may have
 * @throws TrainyardError invalidModel, with a pointer to each fault
 */
export function settleImport(model: ForeignModel, asked: ModelImport, maxBytes: number): SettledImport {
  const problems = new Problems();
  const pointer = (path: readonly (string | number)[]) => pointerTo(...model.place, ...path);
  const topology = readTopology(model.topology);
  for (const { path, message } of topology.faults) problems.add(pointer(path), message);
  refuseFound(problems);
  const inputShape = settleShape(topology, asked.inputShape, pointer, problems);
  refuseFound(problems);

  const placed = expandModel({ topology: model.topology });
  const pointerToPlaced = ({ path: [, ...path] }: PlacedLayer) => pointer(path);
  const shapes = shapesOf(inputShape, placed, pointerToPlaced, problems);
  refuseFound(problems);

  checkRanks(topology, shapes, pointer, problems);
  const layers = placed.map(({ layer }) => layer);
  for (const position of misplacedEmbeddings(layers))
    problems.add(pointerToPlaced(placed[position]!), MISPLACED_EMBEDDING);
  checkSize(shapes, maxBytes, problems);
  const { layers: settled, ...head } = settleHead(layers, shapes, asked, problems);
  const inputs = settleInputs(inputShape, asked, problems);
  const weights = planWeights(model, placed, shapes, problems);
  refuseFound(problems);
  return {
    network: { inputShape, layers: settled, distribution: 'point' },
    preprocess: { ...head, inputs },
    weights,
  };
}

function settleShape(
  { input }: Topology,
  asked: readonly number[] | undefined,
  pointer: (path: readonly (string | number)[]) => string,
  problems: Problems,
): number[] {
  const said = input?.shape;
  if (asked && said && !fits(said, asked))
    problems.add('/inputShape', `the model takes ${written(said)}, and this is ${written(asked)}`);
  if (asked) return [...asked];
  if (said?.every((length) => length !== null)) return [...(said as number[])];
  const what = said
    ? `the model leaves sizes open, ${written(said)}`
    : 'the model says no shape of its input';
  problems.add(input ? pointer(input.path) : '/inputShape', `${what}: say “inputShape”`);
  return [];
}

function shapesOf(
  inputShape: readonly number[],
  placed: readonly PlacedLayer[],
  pointerToPlaced: (placed: PlacedLayer) => string,
  problems: Problems,
): LayerShape[] {
  try {
    return inferShapes(
      inputShape,
      placed.map(({ layer }) => layer),
    );
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    problems.add(pointerToPlaced(placed[error.layerIndex]!), error.message);
    return [];
  }
}

/** Quantized and compressed weights are fewer bytes in the upload than in the model. */
function checkSize(shapes: readonly LayerShape[], maxBytes: number, problems: Problems): void {
  const bytes = FLOAT_BYTES * shapes.reduce((sum, { parameters }) => sum + parameters, 0);
  if (bytes > maxBytes)
    problems.add('/model', `its weights have ${bytes} bytes as float32, and at most ${maxBytes} are taken`);
}

function refuseFound({ found }: Problems): void {
  if (found.length === 0) return;
  throw invalidModel(found);
}

export function invalidModel(errors: Problems['found'], cause?: unknown): TrainyardError {
  return new TrainyardError('invalidModel', errors.map(({ message }) => message).join('; '), {
    errors,
    cause,
  });
}
