import { readFile } from 'node:fs/promises';
import type { Parent } from '../../src/data/prepare-data.ts';
import { decodeModel } from '../../src/engine/predict/trained-model.ts';
import type { NamedArrays } from '../../src/safetensors.ts';
import type { ModelSpec } from '../../src/spec/model.ts';
import { reusedLayers } from '../../src/spec/parent.ts';

/** The model that a job builds on, with the weights that it lends. */
export interface ParentFile extends Parent {
  readonly reused: NamedArrays;
}

/**
 * @param path of the model's file
 * @returns undefined where the job builds on none
 */
export async function readParent(
  { from }: ModelSpec,
  path: string | undefined,
): Promise<ParentFile | undefined> {
  if (!from) return undefined;
  if (path === undefined) throw new Error('the model that the job builds on isn’t there');
  const { network, preprocess, weights } = decodeModel(await readFile(path));
  const base = reusedLayers(from.layers, network.spec);
  const names = new Set(base.map(({ name }) => name));
  const isReused = (weight: string) => names.has(network.weights.get(weight)!.layer);
  const reused = Object.fromEntries(Object.entries(weights).filter(([weight]) => isReused(weight)));
  return { network: network.spec, preprocess, base, reused };
}
