import type { PlacedLayer } from '../../spec/expand.ts';
import { isObject, type JsonObject } from '../../spec/keras/json.ts';
import { readTopology, type TopologyJson } from '../../spec/keras/topology.ts';
import type { KerasLayer } from './weight-source.ts';

/**
 * A topology without what only says how weights are drawn at first: an import brings its own, so that initializers
 * which there aren't here are no hindrance. The rest stands where it stood.
 */
export function trainingOptionsLeftOut(topology: JsonObject): TopologyJson {
  return withoutInitializers(topology) as TopologyJson;
}

const INITIALIZER = /(_initializer|Initializer)$/;
/** What nests deeper is refused when the topology is read. */
const MOST_LEVELS = 100;

function withoutInitializers(value: unknown, levels = MOST_LEVELS): unknown {
  if (levels === 0) return value;
  if (Array.isArray(value)) return value.map((inner) => withoutInitializers(inner, levels - 1));
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !INITIALIZER.test(key))
      .map(([key, inner]) => [key, withoutInitializers(inner, levels - 1)]),
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
