import { refusal } from './import-error.ts';
import type { KerasLayer, StoredWeight, WantedWeight, WeightSource } from './weight-source.ts';

/** A weight by the name under which a file keeps it: `conv1/bn/gamma`, `lstm/lstm_cell/kernel:0`. */
export interface NamedWeight {
  readonly name: string;
  readonly weight: StoredWeight;
  /** The layer that it belongs to, where the file says that too. */
  readonly owner?: string | undefined;
}

/** Ten times those of the largest networks that people build: each is looked for while others wait. */
const MOST_WEIGHTS = 20_000;

/** @throws ImportError for more weights than there can be */
export function checkCount(weights: number, place: readonly (string | number)[]): void {
  if (weights <= MOST_WEIGHTS) return;
  throw refusal(place, `there are ${weights} weights, and at most ${MOST_WEIGHTS} are taken`);
}

/** Deeper than any name that a library writes. */
const MOST_PARTS = 24;

/**
 * Weights that are found by name. Which layer one belongs to is said by the longest run of parts in its name that
 * is a layer's name, the last such run where there are several: a model within a model, a cell within a layer and
 * old name scopes may stand around it.
 * @param layers the topology's layers; a bidirectional one tells its two directions apart by `forward_`, `backward_`
 */
export function namedWeights(
  weights: readonly NamedWeight[],
  layers: readonly Pick<KerasLayer, 'name' | 'className'>[],
): WeightSource {
  const classes = new Map(layers.map(({ name, className }) => [name, className]));
  const found = new Map<string, StoredWeight | null>();
  for (const { name, weight, owner } of weights) {
    const key = keyOf(partsOf(name), classes, owner);
    // Null for a name that two have: which one is meant can't be known.
    if (key !== undefined) found.set(key, found.has(key) ? null : weight);
  }
  return {
    find: ({ layer, names: local }: WantedWeight) =>
      local
        .map((name) => found.get(key(layer.name, layer.direction, name)))
        .find((weight) => weight !== undefined) ?? undefined,
  };
}

function partsOf(name: string): string[] {
  return name.replace(/:\d+$/, '').split('/').slice(-MOST_PARTS);
}

type Classes = ReadonlyMap<string, string>;

function keyOf(parts: readonly string[], classes: Classes, owner?: string): string | undefined {
  const local = parts.at(-1)!;
  const scope = parts.slice(0, -1);
  const layer = owner ?? layerIn(scope, classes);
  if (layer === undefined) return undefined;
  const direction = classes.get(layer) === 'Bidirectional' ? directionIn(scope) : undefined;
  return key(layer, direction, local);
}

function layerIn(scope: readonly string[], names: Classes): string | undefined {
  for (let end = scope.length; end > 0; end--)
    for (let start = 0; start < end; start++) {
      const name = scope.slice(start, end).join('/');
      if (names.has(name)) return name;
    }
  return undefined;
}

function directionIn(scope: readonly string[]): KerasLayer['direction'] {
  for (const part of scope.toReversed()) {
    if (part.startsWith('forward_')) return 'forward';
    if (part.startsWith('backward_')) return 'backward';
  }
  return undefined;
}

function key(layer: string, direction: KerasLayer['direction'], local: string): string {
  return [layer, direction ?? '', local].join('\n');
}
