/** What can be put in order: a layer by its id, and the ids of those that it takes. */
interface Wired {
  readonly id: string;
  readonly sources: readonly string[];
}

/**
 * Each layer after those that it takes, and otherwise as they stood: a depth-first search, which goes no deeper
 * than there are layers.
 * @returns the layers in order, and those at which a circle was found to close
 */
export function inOrder<Layer extends Wired>(
  layers: readonly Layer[],
): { ordered: Layer[]; circular: Layer[] } {
  const byId = new Map(layers.map((layer) => [layer.id, layer]));
  const ordered = new Set<Layer>();
  const circular = new Set<Layer>();
  const entered = new Set<Layer>();
  const visit = (layer: Layer): void => {
    if (ordered.has(layer)) return;
    if (entered.has(layer)) {
      circular.add(layer);
      return;
    }
    entered.add(layer);
    for (const source of layer.sources) {
      const below = byId.get(source);
      if (below) visit(below);
    }
    ordered.add(layer);
  };
  for (const layer of layers) visit(layer);
  return { ordered: [...ordered], circular: [...circular] };
}

/** The ids of the layers that an output comes from, its own among them. */
export function leadingTo(output: string, layers: readonly Wired[]): Set<string> {
  const sourcesOf = new Map(layers.map(({ id, sources }) => [id, sources]));
  const found = new Set([output]);
  // A set's iteration reaches what is added on the way.
  for (const id of found) for (const source of sourcesOf.get(id) ?? []) found.add(source);
  return found;
}
