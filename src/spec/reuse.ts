import { z } from 'zod';
import { Identifier, PositiveInt } from './common.ts';
import type { NamedLayer } from './layer.ts';
import type { NetworkSpec } from './network.ts';
import { inferShapes } from './shapes.ts';
import { inputsOf } from './wiring.ts';

/** Which layers of another model a network begins with. */
export const ReuseSpec = z
  .strictObject({
    model: z.string().regex(/^mdl_[0-9A-Z]{26}$/, 'an id of the form mdl_…'),
    layers: z
      .union([PositiveInt, z.literal('all'), z.strictObject({ upTo: Identifier })])
      .default('all')
      .meta({
        description:
          'How many, from the lowest up; those up to a layer of this name; or all but the head: the highest layer that has weights, and what stands upon it.',
      }),
  })
  .meta({
    id: 'Reuse',
    description:
      'Begins the network with the lower layers of another model, weights and all. Inputs are made numbers of as they were for it, unless `data.standardize` says otherwise.',
  });
export type ReuseSpec = z.infer<typeof ReuseSpec>;

/** A model hasn't the layers that are asked for. */
export class ReuseError extends Error {
  override readonly name = 'ReuseError';
}

/**
 * The layers that are taken over, the one that new layers stand on last. Of a graph only those that it needs.
 * @throws ReuseError
 */
export function reusedLayers(
  layers: ReuseSpec['layers'],
  { inputShape, layers: all }: NetworkSpec,
): NamedLayer[] {
  const top = topOf(layers, all, inputShape);
  const needed = neededFor(all, top);
  return all.filter((_, position) => needed.has(position));
}

function topOf(
  layers: ReuseSpec['layers'],
  all: readonly NamedLayer[],
  inputShape: readonly number[],
): number {
  if (layers === 'all') return belowHead(all, inputShape);
  if (typeof layers === 'number') {
    if (layers > all.length) throw new ReuseError(`the model has ${all.length} layers`);
    return layers - 1;
  }
  const position = all.findIndex(({ name }) => name === layers.upTo);
  if (position === -1) throw new ReuseError(`the model has no layer named “${layers.upTo}”`);
  return position;
}

function belowHead(all: readonly NamedLayer[], inputShape: readonly number[]): number {
  const head = inferShapes(inputShape, all).findLastIndex(({ weights }) => weights.length > 0);
  const below = head === -1 ? -1 : inputsOf(all, head)[0]!;
  if (below === -1) throw new ReuseError('below its head the model has no layer');
  return below;
}

/** The positions of a layer and of all that it is computed from. */
function neededFor(layers: readonly NamedLayer[], top: number): Set<number> {
  const needed = new Set([top]);
  for (let position = top; position >= 0; position--) {
    if (!needed.has(position)) continue;
    for (const input of inputsOf(layers, position)) if (input >= 0) needed.add(input);
  }
  return needed;
}
