import { type Problems, pointerTo } from '../../data/problems.ts';
import { inWords } from '../../data/task-in-words.ts';
import { activationName } from '../../spec/activation.ts';
import { readTopology, type Topology, type TopologyJson } from '../../spec/keras/topology.ts';
import type { LayerType, NamedLayer } from '../../spec/layer.ts';
import { type NetworkContext, type NetworkSpec, outputFor } from '../../spec/network.ts';
import type { LayerShape } from '../../spec/shapes.ts';
import { inputsOf } from '../../spec/wiring.ts';

/** Checks that a topology takes what the data have and puts out what the task asks for. */
export function checkTopology(
  json: TopologyJson,
  network: { spec: NetworkSpec; layers: readonly LayerShape[] },
  context: NetworkContext,
  problems: Problems,
): void {
  const topology = readTopology(json);
  checkRanks(topology, network.layers, pointer, problems);
  const output = { shape: network.layers.at(-1)!.outputShape, at: pointer(topology.layers.at(-1)!.path) };
  checkUnits(output, context, problems);
  checkActivation(network.spec.layers, output.at, context, problems);
}

/** Checks the shape that a topology asks of the data; a null takes whatever they have. */
export function checkInputShape(
  json: TopologyJson,
  { inputShape }: NetworkContext,
  problems: Problems,
): void {
  const { input } = readTopology(json);
  if (input === undefined || fits(input.shape, inputShape)) return;
  const [asked, given] = [written(input.shape), written(inputShape)];
  const remedy = `let its input be ${given}, and a Reshape after it make ${asked} of that if you mean the same numbers`;
  problems.add(pointer(input.path), `the model takes ${asked} and the data have ${given}: ${remedy}`);
}

/** Whether a shape is the one that is asked for, where null takes any. */
export function fits(asked: readonly (number | null)[], given: readonly number[]): boolean {
  return (
    asked.length === given.length && asked.every((length, axis) => length === null || length === given[axis])
  );
}

function pointer(path: readonly (string | number)[]): string {
  return pointerTo('model', 'topology', ...path);
}

export function written(shape: readonly (number | null)[]): string {
  return `[${shape.map(String).join(', ')}]`;
}

/**
 * Checks that layers get as many dimensions as their classes take, where ours take others too.
 * @param pointer of a place in the topology
 */
export function checkRanks(
  { layers }: Topology,
  shapes: readonly LayerShape[],
  pointer: (path: readonly (string | number)[]) => string,
  problems: Problems,
): void {
  const inputShapes = new Map(shapes.map(({ name, inputShape }) => [name, inputShape]));
  for (const { layer, path, className, inputRank } of layers) {
    const found = inputShapes.get(layer.name);
    if (inputRank === undefined || found === undefined || found.length === inputRank) continue;
    const message = `layer “${layer.name}”: this ${className} takes inputs of ${inputRank} dimension${inputRank === 1 ? '' : 's'} and gets ${written(found)}`;
    problems.add(pointer(path), message);
  }
}

interface Output {
  readonly shape: readonly number[];
  readonly at: string;
}

function checkUnits({ shape, at }: Output, context: NetworkContext, problems: Problems): void {
  const { units, activation } = outputFor(context);
  if (shape.length === 1 && shape[0] === units) return;
  const asked = `${inWords(context.task)} of these data asks for [${units}] with ${activation}`;
  problems.add(at, `the last layer is the output layer, and puts out ${written(shape)}; ${asked}`);
}

/** Linear is taken for every task: what comes out before the activation is what losses are computed from. */
function checkActivation(
  layers: readonly NamedLayer[],
  at: string,
  context: NetworkContext,
  problems: Problems,
): void {
  const { activation: wanted } = outputFor(context);
  const { layer, isLast } = lastActivated(layers);
  const found = layer && 'activation' in layer ? activationName(layer.activation) : 'linear';
  const others = wanted === 'linear' ? 'linear' : `${wanted}, or linear`;
  if (isLast && found !== wanted && found !== 'linear')
    problems.add(
      at,
      `the output layer’s activation is ${found}, and must be ${others} for ${inWords(context.task)}`,
    );
  if (!isLast && found === wanted && wanted !== 'linear')
    problems.add(at, `the ${found} of layer “${layer!.name}” must come last, or be left out`);
}

/** They change no number, or none but in training. */
const PASSING: ReadonlySet<LayerType> = new Set(['flatten', 'reshape', 'dropout', 'spatialDropout']);

/** The layer whose activation the outputs have, and whether it is the last. */
export function lastActivated(layers: readonly NamedLayer[]): {
  layer: NamedLayer | undefined;
  isLast: boolean;
} {
  let position = layers.length - 1;
  while (position >= 0 && passes(layers[position]!)) position = inputsOf(layers, position)[0]!;
  return { layer: layers[position], isLast: position === layers.length - 1 };
}

function passes(layer: NamedLayer): boolean {
  if (layer.type === 'activation') return activationName(layer.activation) === 'linear';
  return PASSING.has(layer.type);
}
