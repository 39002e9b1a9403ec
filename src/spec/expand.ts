import { readTopology, type TopologyJson } from './keras/topology.ts';
import { LayerSpec, type NamedLayer } from './layer.ts';
import { DIRECTIONS, type ListedLayer } from './listed-layer.ts';
import type { ModelSpec } from './model.ts';
import { NETWORK_INPUT } from './wiring.ts';

/** A layer of the network, and where in the model's spec it stands: `['layers', 3, 'skip', 0]`. */
export interface PlacedLayer {
  readonly layer: NamedLayer;
  readonly path: readonly (string | number)[];
  /** The composites that it is a part of, the outermost first. */
  readonly within: readonly string[];
  /** Whether it comes from another model, weights and all. */
  readonly reused: boolean;
}

/**
 * The network's layers that a model's list or topology stands for: every one has its name (`dense_1`, `dense_2`,
 * … by type), composites are taken apart, and the model's penalties are given to the layers that have none of
 * their own. The output layer is not among them, unless a topology brings it.
 * @param base the layers of another model that the network begins with
 */
export function expandModel(model: ModelSpec, base: readonly NamedLayer[] = []): PlacedLayer[] {
  const expanded = model.topology ? expandTopology(model.topology) : expandList(model, base);
  return expanded.map((placed) => ({ ...placed, layer: withPenalties(placed.layer, model) }));
}

function expandList({ layers = [], output }: ModelSpec, base: readonly NamedLayer[]): readonly PlacedLayer[] {
  const reserved = [...base.map(({ name }) => name), output?.name ?? 'output', NETWORK_INPUT];
  const expansion = new Expansion(namesOf(layers, reserved), base);
  expansion.list(layers, base.at(-1)?.name ?? NETWORK_INPUT, ['layers']);
  return expansion.layers;
}

/** A topology names its layers and says of each what it takes. */
function expandTopology(topology: TopologyJson): readonly PlacedLayer[] {
  const expansion = new Expansion(({ name }) => name!);
  for (const { layer, path } of readTopology(topology).layers) expansion.add(layer, ['topology', ...path]);
  return expansion.layers;
}

/** The same without their places. */
export function hiddenLayers(model: ModelSpec, base?: readonly NamedLayer[]): NamedLayer[] {
  return expandModel(model, base).map(({ layer }) => layer);
}

type Path = PlacedLayer['path'];
type Named = ListedLayer & { name: string };

class Expansion {
  readonly layers: PlacedLayer[];
  #within: readonly string[] = [];
  readonly #nameOf: (layer: ListedLayer) => string;

  constructor(nameOf: (layer: ListedLayer) => string, base: readonly NamedLayer[] = []) {
    this.#nameOf = nameOf;
    this.layers = base.map((layer) => ({ layer, path: ['from'], within: [], reused: true }));
  }

  /** Layers one upon another. @returns the name of the last, or of what they stand on */
  list(layers: readonly ListedLayer[], below: string, path: Path): string {
    return layers.reduce(
      (previous, layer, i) => this.#one({ ...layer, name: this.#nameOf(layer) }, previous, [...path, i]),
      below,
    );
  }

  /** A layer that has its name and says what it takes. */
  add(layer: Named, path: Path): void {
    this.#one(layer, NETWORK_INPUT, path);
  }

  #one(layer: Named, below: string, path: Path): string {
    const outside = this.#within;
    if (layer.type === 'residual' || layer.type === 'bidirectional') this.#within = [...outside, layer.name];
    if (layer.type === 'residual') this.#residual(layer, below, path);
    else if (layer.type === 'bidirectional') this.#bidirectional(layer, layer.inputs ?? [below], path);
    else this.#add(layer, layer.inputs ?? [below], path);
    this.#within = outside;
    return layer.name;
  }

  #residual(layer: Extract<Named, { type: 'residual' }>, below: string, path: Path): void {
    const { name, inputs: [start] = [below] } = layer;
    const main = this.list(layer.layers, start!, [...path, 'layers']);
    const skip = this.list(layer.skip, start!, [...path, 'skip']);
    this.#add({ type: 'add', name, inputs: [main, skip] }, [main, skip], path);
  }

  #bidirectional(layer: Extract<Named, { type: 'bidirectional' }>, inputs: string[], path: Path): void {
    const { forward, backward } = directionsOf(layer.name);
    this.#add({ ...layer.layer, name: forward, backwards: false }, inputs, path);
    this.#add({ ...layer.layer, name: backward, backwards: true }, inputs, path);
    this.#add(merging(layer.merge, layer.name, [forward, backward]), [forward, backward], path);
  }

  /** Says what the layer takes only where that isn't the one before it. */
  #add({ inputs: _, ...layer }: NamedLayer, inputs: readonly string[], path: Path): void {
    const before = this.layers.at(-1)?.layer.name ?? NETWORK_INPUT;
    const isPlain = inputs.length === 1 && inputs[0] === before;
    this.layers.push({
      layer: (isPlain ? layer : { ...layer, inputs: [...inputs] }) as NamedLayer,
      path,
      within: this.#within,
      reused: false,
    });
  }
}

function directionsOf(name: string): { forward: string; backward: string } {
  return { forward: name + DIRECTIONS.forward, backward: name + DIRECTIONS.backward };
}

function merging(
  type: 'concat' | 'add' | 'multiply' | 'average',
  name: string,
  inputs: string[],
): NamedLayer {
  return type === 'concat' ? { type, name, inputs, axis: -1 } : { type, name, inputs };
}

/** Names layers that have none `<type>_<n>`, counted over the whole model, skipping names already taken. */
function namesOf(
  layers: readonly ListedLayer[],
  reserved: readonly string[],
): (layer: ListedLayer) => string {
  const all = flat(layers);
  const taken = new Set([...reserved, ...all.flatMap(({ name }) => name ?? [])]);
  const counts = new Map<string, number>();
  const nextName = (type: ListedLayer['type']): string => {
    const count = (counts.get(type) ?? 0) + 1;
    counts.set(type, count);
    const name = `${type}_${count}`;
    return namesUsed(type, name).some((used) => taken.has(used)) ? nextName(type) : name;
  };
  const names = new Map(all.map((layer) => [layer, layer.name ?? nextName(layer.type)]));
  return (layer) => names.get(layer)!;
}

/** The names in the network that a layer of this name takes up. */
function namesUsed(type: ListedLayer['type'], name: string): string[] {
  return type === 'bidirectional' ? [name, ...Object.values(directionsOf(name))] : [name];
}

function flat(layers: readonly ListedLayer[]): ListedLayer[] {
  return layers.flatMap((layer) =>
    layer.type === 'residual' ? [layer, ...flat(layer.layers), ...flat(layer.skip)] : [layer],
  );
}

const PENALIZED: ReadonlySet<string> = new Set(
  LayerSpec.def.options.filter(({ shape }) => 'l1' in shape).map(({ shape }) => shape.type.value),
);

type Penalties = Pick<ModelSpec, 'l1' | 'l2' | 'maxNorm'>;

/** The layer with the model's penalties where it can have some and says none. */
export function withPenalties<Layer extends NamedLayer>(layer: Layer, { l1, l2, maxNorm }: Penalties): Layer {
  if (!PENALIZED.has(layer.type)) return layer;
  const given = Object.entries({ l1, l2, maxNorm }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), ...layer };
}
