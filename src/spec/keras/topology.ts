import { z } from 'zod';
import { ListedLayer } from '../listed-layer.ts';
import { NETWORK_INPUT } from '../wiring.ts';
import { CLASSES } from './classes/index.ts';
import { findModel } from './document.ts';
import { isNetworkName, networkName } from './entry.ts';
import { type Fault, Faults, type Path } from './fault.ts';
import { GRAPH_INPUT, type GraphLayer, readGraph } from './graph.ts';
import type { TopologyInput } from './input.ts';
import { asWritten, type JsonObject, kerasKey, nestsDeeper, withKerasKeys } from './json.ts';

/** A graph of layers as Keras and TensorFlow.js write it. */
export const TopologyJson = z.record(z.string(), z.unknown()).meta({
  description:
    'A functional or Sequential model as Keras’s `model.to_json()` (2 or 3) or a `model.json` of TensorFlow.js has it: `{ class_name, config }`, bare or wrapped. Its last layer is the output layer: softmax for a classification, sigmoid for several labels, linear for a regression; linear, as logits, for all. Weights aren’t taken, `trainable` is the stages’ to say, and everything is computed in float32.',
});
export type TopologyJson = z.infer<typeof TopologyJson>;

/** A layer of ours that one of the topology stands for, and where that stands. */
export interface TopologyLayer {
  readonly layer: ListedLayer & { name: string; inputs: string[] };
  readonly path: Path;
  /** The class that the topology says. */
  readonly className: string;
  /** How many dimensions its class takes, without the batch, where our layer takes others too. */
  readonly inputRank?: number;
  /** Whether the topology says that it isn't to be trained, which the stages say here. */
  readonly isFrozen: boolean;
}

export interface Topology {
  /** Each after those that it takes, the output layer last. Empty where there are faults. */
  readonly layers: readonly TopologyLayer[];
  /** Undefined where it says no shape. */
  readonly input: TopologyInput | undefined;
  readonly faults: readonly Fault[];
}

/** Deeper than any model that people build. */
const MAX_LEVELS = 64;

/** A job's spec never changes, and is asked for its layers many times. */
const alreadyRead = new WeakMap<TopologyJson, Topology>();

/** Reads a topology as layers of ours. Pure; what can't be taken is told, all at once. */
export function readTopology(json: TopologyJson): Topology {
  const known = alreadyRead.get(json);
  if (known) return known;
  const topology = readAsWritten(json);
  alreadyRead.set(json, topology);
  return topology;
}

function readAsWritten(json: TopologyJson): Topology {
  if (nestsDeeper(json, MAX_LEVELS)) {
    const message = `nests deeper than ${MAX_LEVELS} levels`;
    return { layers: [], input: undefined, faults: [{ path: [], message }] };
  }
  const topology = read(withKerasKeys(json) as JsonObject);
  const { layers, input, faults } = topology;
  const placed = <T extends { path: Path }>(what: T): T => ({ ...what, path: asWritten(json, what.path) });
  return { layers: layers.map(placed), input: input && placed(input), faults: faults.map(placed) };
}

function read(document: JsonObject): Topology {
  const faults = new Faults();
  const found = findModel(document);
  if (found === undefined) {
    const message =
      'must be a model of layers, { "class_name": "Functional", "config": { … } }; a graph model of TensorFlow.js has none';
    faults.add([], message);
    return { layers: [], input: undefined, faults: faults.found };
  }
  const graph = readGraph(found.model, found.path, faults);
  const names = namesOf(graph.layers, faults);
  const layers = graph.layers.flatMap((layer) => mapLayer(layer, names, faults) ?? []);
  return { layers: faults.found.length > 0 ? [] : layers, input: graph.input, faults: faults.found };
}

/** The layers' names in the network by their ids. */
function namesOf(layers: readonly GraphLayer[], faults: Faults): Map<string, string> {
  const taken = new Set<string>([NETWORK_INPUT]);
  const names = new Map([[GRAPH_INPUT, NETWORK_INPUT]]);
  for (const { id, name: written, namePath } of layers) {
    const name = networkName(written);
    names.set(id, name);
    if (!isNetworkName(name)) faults.add(namePath, 'a letter, then up to 63 letters, digits, _ or -');
    else if (name === NETWORK_INPUT) faults.add(namePath, '“input” is the network’s own input');
    else if (taken.has(name)) faults.add(namePath, `another layer is named “${name}” too`);
    taken.add(name);
  }
  return names;
}

function mapLayer(
  { className, config, path, id, sources }: GraphLayer,
  names: ReadonlyMap<string, string>,
  faults: Faults,
): TopologyLayer | undefined {
  const kerasClass = CLASSES.get(className);
  if (kerasClass === undefined) {
    const known = [...CLASSES.keys()].join(', ');
    faults.add([...path, 'class_name'], `“${className}” has no layer here; there are ${known}`);
    return undefined;
  }
  const reading = kerasClass.read(config);
  if ('issues' in reading) {
    faults.addIssues([...path, 'config'], reading.issues);
    return undefined;
  }
  const { layer: unplaced, ...demands } = reading.mapped;
  const inputs = sources.map((source) => names.get(source)!);
  const { data: layer, error } = ListedLayer.safeParse({ ...unplaced, name: names.get(id), inputs });
  if (error) {
    for (const issue of error.issues) addOwnIssue(issue, { className, config, path, inputs }, faults);
    return undefined;
  }
  return {
    layer: layer as TopologyLayer['layer'],
    path,
    className,
    isFrozen: config.trainable === false,
    ...demands,
  };
}

/** What our own layer refuses that its class took. */
function addOwnIssue(
  issue: z.core.$ZodIssue,
  {
    className,
    config,
    path,
    inputs,
  }: Pick<GraphLayer, 'className' | 'config' | 'path'> & { inputs: string[] },
  faults: Faults,
): void {
  const [field] = issue.path;
  const option = kerasKey(String(field ?? ''));
  if (field === 'inputs') {
    const message = `a layer of the class ${className} can’t take ${inputs.length} others`;
    faults.add([...path, 'inbound_nodes'], message);
  } else faults.add(Object.hasOwn(config, option) ? [...path, 'config', option] : path, issue.message);
}
