import type { LayerOf, LayerSpec, NamedLayer } from './layer.ts';

/** What a layer calls the network's own input among its `inputs`; no layer may be named so. */
export const NETWORK_INPUT = 'input';

/**
 * The positions of the layers that a layer takes; −1 is the network's input. A layer that doesn't say takes the
 * one before it.
 * @throws Error for a name that no layer before it has
 */
export function inputsOf(layers: readonly NamedLayer[], index: number): number[] {
  const { inputs } = layers[index]!;
  if (inputs === undefined) return [index - 1];
  return inputs.map((name) => {
    const position = name === NETWORK_INPUT ? -1 : layers.findIndex((layer) => layer.name === name);
    if (position === -1 && name !== NETWORK_INPUT)
      throw new Error(`takes “${name}”, and no layer is named so`);
    if (position >= index) throw new Error(`takes “${name}”, which doesn’t come before it`);
    return position;
  });
}

/** The layers that take the network's own input. */
export function layersOnInput<Layer extends LayerSpec>(layers: readonly Layer[]): Layer[] {
  return layers.filter(({ inputs }, index) => inputs?.includes(NETWORK_INPUT) ?? index === 0);
}

/** The embedding that takes the network's input, if one does; of several the one with the fewest ids. */
export function inputEmbedding(layers: readonly LayerSpec[]): LayerOf<'embedding'> | undefined {
  const embeddings = layersOnInput(layers).filter((layer) => layer.type === 'embedding');
  return embeddings.sort((a, b) => a.inputDim - b.inputDim)[0];
}

/** The embeddings that take another layer's output, by position: that are no ids. */
export function misplacedEmbeddings(layers: readonly NamedLayer[]): number[] {
  return layers.flatMap(({ type }, index) =>
    type === 'embedding' && inputsOf(layers, index)[0] !== -1 ? [index] : [],
  );
}

/** The layers that nothing takes, by position; the last one is the network's output and not among them. */
export function unusedLayers(layers: readonly NamedLayer[]): number[] {
  const taken = new Set(layers.flatMap((_, index) => inputsOf(layers, index)));
  return layers.flatMap((_, index) => (index < layers.length - 1 && !taken.has(index) ? [index] : []));
}
