import * as tf from '@tensorflow/tfjs-core';
import { mapTensors, type Tensors } from '../tensors.ts';

/** When an update happens, and the rates that its schedule gives. */
export interface Moment {
  /** Counts the stage's updates from 1. */
  readonly step: number;
  readonly learningRate: number;
  /** Where a schedule cycles the momentum; else the optimizer's own serves. */
  readonly momentum: number | undefined;
}

/**
 * One piece of an optimizer: a pair of pure functions over tensor trees, as in Optax. Updates start as the
 * gradients; what leaves the last piece is added to the weights. Freezing needs no piece of its own: a
 * transform sees only the weights it is given, and slots are keyed by weight name.
 */
export interface Transform {
  /** What it does to an element depends on the others of the same weight. */
  readonly byWeight?: true;
  /** The first slots, keyed `<slot>/<weight name>`: fresh tensors, each of its weight's shape. */
  init(weights: Tensors): Tensors;
  /**
   * The numbers that this step needs (rates, bias corrections), computed in float64 outside the tensors, so
   * that an update can be recorded once and replayed with other scalars.
   */
  scalars?(moment: Moment): Readonly<Record<string, number>>;
  /** The next updates and slots, of the same names and shapes. Disposes nothing: wrap it in `tf.tidy`. */
  update(
    updates: Tensors,
    slots: Tensors,
    weights: Tensors,
    scalars: Readonly<Record<string, tf.Scalar>>,
  ): { updates: Tensors; slots: Tensors };
}

/** A transform without slots that changes each update by itself. */
export function stateless(
  change: (update: tf.Tensor, weight: tf.Tensor, scalars: Readonly<Record<string, tf.Scalar>>) => tf.Tensor,
): Transform {
  return {
    init: () => ({}),
    update: (updates, slots, weights, scalars) => ({
      updates: mapTensors(updates, (update, name) => change(update, weights[name]!, scalars)),
      slots,
    }),
  };
}

/**
 * A transform that keeps slots for each weight by itself.
 * @param initial each slot's first value, which fills the weight's shape
 * @param change one weight's next update and slots
 */
export function perWeight<Slot extends string>(
  initial: Readonly<Record<Slot, number>>,
  change: (
    update: tf.Tensor,
    slots: Readonly<Record<Slot, tf.Tensor>>,
    scalars: Readonly<Record<string, tf.Scalar>>,
  ) => { update: tf.Tensor; slots: Readonly<Record<Slot, tf.Tensor>> },
): Transform {
  const slotNames = Object.keys(initial) as Slot[];
  return {
    init: (weights) =>
      Object.fromEntries(
        slotNames.flatMap((slot) =>
          Object.entries(weights).map(([name, weight]) => [
            `${slot}/${name}`,
            tf.fill(weight.shape, initial[slot]),
          ]),
        ),
      ),
    update: (updates, slots, _weights, scalars) => {
      const nextSlots: Record<string, tf.Tensor> = {};
      const nextUpdates = mapTensors(updates, (update, name) => {
        const own = Object.fromEntries(slotNames.map((slot) => [slot, slots[`${slot}/${name}`]!]));
        const next = change(update, own as Record<Slot, tf.Tensor>, scalars);
        for (const slot of slotNames) nextSlots[`${slot}/${name}`] = next.slots[slot];
        return next.update;
      });
      return { updates: nextUpdates, slots: nextSlots };
    },
  };
}

/** The weights after these updates; a weight that has none stays the very same tensor. */
export function applyUpdates(weights: Tensors, updates: Tensors): Tensors {
  return mapTensors(weights, (weight, name) => {
    const update = updates[name];
    return update === undefined ? weight : tf.add(weight, update);
  });
}
