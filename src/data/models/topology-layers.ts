import type { PlacedLayer } from '../../spec/expand.ts';
import { isObject, type JsonObject } from '../../spec/keras/json.ts';
import { readTopology, type TopologyJson } from '../../spec/keras/topology.ts';
import type { KerasLayer } from './weight-source.ts';

/**
 * A topology without what says nothing of an import: how weights are drawn at first, for it brings its own, so that
 * initializers which there aren't here are no hindrance; and that a call isn't one of training, which Keras 3 writes
 * at every layer. The rest stands where it stood.
 */
export function trainingOptionsLeftOut(topology: JsonObject): TopologyJson {
  return withoutOptions(topology) as TopologyJson;
}

const INITIALIZER = /(_initializer|Initializer)$/;

function isLeftOut([key, value]: [string, unknown]): boolean {
  return INITIALIZER.test(key) || (key === 'training' && value === false);
}

/** What nests deeper is refused when the topology is read. */
const MOST_LEVELS = 100;

function withoutOptions(value: unknown, levels = MOST_LEVELS): unknown {
  if (levels === 0) return value;
  if (Array.isArray(value)) return value.map((inner) => withoutOptions(inner, levels - 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter((entry) => !isLeftOut(entry))
      .map(([key, inner]) => [key, withoutOptions(inner, levels - 1)]),
  );
}

/** The layers that a topology has; none where it has faults, which whoever reads it tells. */
export function kerasLayers(topology: TopologyJson): KerasLayer[] {
  return readTopology(topology).layers.map(({ path, className }) => ({
    name: nameAt(topology, path),
    className,
    path,
  }));
}

/** The topology's layer that one of the network's stands for. */
export function kerasLayerOf(topology: TopologyJson, { path, layer, within }: PlacedLayer): KerasLayer {
  const [, ...inTopology] = path;
  const { class_name: snake, className = snake } = nodeAt(topology, inTopology);
  const isBackwards = 'backwards' in layer && layer.backwards;
  return {
    name: nameAt(topology, inTopology),
    className: String(className),
    path: inTopology,
    direction: within.length === 0 ? undefined : isBackwards ? 'backward' : 'forward',
  };
}

function nameAt(topology: TopologyJson, path: KerasLayer['path']): string {
  const { name, config } = nodeAt(topology, path);
  return String(name ?? (isObject(config) ? config.name : ''));
}

function nodeAt(topology: TopologyJson, path: KerasLayer['path']): JsonObject {
  let at: unknown = topology;
  for (const key of path) at = (at as Record<string | number, unknown>)[key];
  return at as JsonObject;
}
