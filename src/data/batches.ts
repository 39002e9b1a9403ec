import { key, permutation } from '../random.ts';
import type { Augment } from './augment/index.ts';
import type { Examples } from './examples.ts';

/**
 * The order in which an epoch visits the examples. It follows from the seed and the epoch alone, so training that
 * resumes in the middle of an epoch sees the examples that were left.
 */
export function epochOrder(
  seed: number,
  stage: number,
  epoch: number,
  count: number,
  shuffle: boolean,
): Uint32Array {
  return shuffle
    ? permutation(key(seed, 'shuffle', stage, epoch), count)
    : Uint32Array.from({ length: count }, (_, i) => i);
}

export type Batch = Omit<Examples, 'width' | 'units' | 'offsets'>;

type Gather = (examples: Examples, order: Uint32Array, start: number, size: number) => Batch;

/**
 * What copies out the `size` examples that `order` has from `start` on; fewer where the order ends. The inputs are in
 * memory that is used again, since taking it anew costs as much as copying: those of one call stand while the next one
 * is made, and no longer.
 */
export function createGather(): Gather {
  let [next, other] = [new Float32Array(), new Float32Array()];
  return (examples, order, start, size) => {
    const chosen = order.subarray(start, start + size);
    const length = chosen.length * examples.width;
    const x = next.length === length ? next : new Float32Array(length);
    [next, other] = [other, x];
    const batch = {
      count: chosen.length,
      x: gather(examples.x, examples.width, chosen, { offsets: examples.offsets, into: x }),
      y: gather(examples.y, examples.units, chosen),
    };
    return examples.weights ? { ...batch, weights: gather(examples.weights, 1, chosen) } : batch;
  };
}

/** Gathers batches as `createGather` does, and changes each example of the training split anew for every epoch. */
export function gatherAugmented(train: Examples, augment: Augment) {
  const gatherBatch = createGather();
  return (
    examples: Examples,
    order: Uint32Array,
    start: number,
    size: number,
    at: { readonly stage: number; readonly epoch: number },
  ): Batch => {
    const batch = gatherBatch(examples, order, start, size);
    if (examples !== train) return batch;
    for (let i = 0; i < batch.count; i++) {
      const example = batch.x.subarray(i * train.width, (i + 1) * train.width);
      augment(example, { ...at, example: order[start + i]! });
    }
    return batch;
  };
}

function gather(
  source: Float32Array,
  width: number,
  chosen: Uint32Array,
  {
    offsets,
    into = new Float32Array(chosen.length * width),
  }: { offsets?: Uint32Array | undefined; into?: Float32Array } = {},
): Float32Array {
  for (let i = 0; i < chosen.length; i++) {
    const start = offsets ? offsets[chosen[i]!]! : chosen[i]! * width;
    into.set(source.subarray(start, start + width), i * width);
  }
  return into;
}
