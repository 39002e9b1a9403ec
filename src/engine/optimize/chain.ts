import type { Tensors } from '../tensors.ts';
import type { Transform } from './transform.ts';

/**
 * Transforms applied in order, each to what the one before it made. Slots and scalars carry the position of
 * their transform (`0.m/hidden/kernel`), so that the state stays one flat tree.
 */
export function chain(...transforms: readonly Transform[]): Transform {
  return {
    ...(transforms.some(({ byWeight }) => byWeight) && { byWeight: true }),
    init: (weights) => merge(transforms.map((transform) => transform.init(weights))),
    scalars: (moment) => merge(transforms.map((transform) => transform.scalars?.(moment) ?? {})),
    update: (updates, slots, weights, scalars) => {
      let current: Tensors = updates;
      const nextSlots = transforms.map((transform, position) => {
        const next = transform.update(current, part(slots, position), weights, part(scalars, position));
        current = next.updates;
        return next.slots;
      });
      return { updates: current, slots: merge(nextSlots) };
    },
  };
}

function merge<Value>(trees: readonly Readonly<Record<string, Value>>[]): Record<string, Value> {
  return Object.fromEntries(
    trees.flatMap((tree, position) =>
      Object.entries(tree).map(([name, value]) => [`${position}.${name}`, value]),
    ),
  );
}

function part<Value>(tree: Readonly<Record<string, Value>>, position: number): Record<string, Value> {
  const prefix = `${position}.`;
  return Object.fromEntries(
    Object.entries(tree).flatMap(([name, value]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), value]] : [],
    ),
  );
}
