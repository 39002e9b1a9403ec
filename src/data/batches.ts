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

/** Copies out the `size` examples that `order` has from `start` on; fewer where the order ends. */
export function gatherBatch(examples: Examples, order: Uint32Array, start: number, size: number): Batch {
  const chosen = order.subarray(start, start + size);
  const batch = {
    count: chosen.length,
    x: gather(examples.x, examples.width, chosen, examples.offsets),
    y: gather(examples.y, examples.units, chosen),
  };
  return examples.weights ? { ...batch, weights: gather(examples.weights, 1, chosen) } : batch;
}

/** Gathers batches as `gatherBatch` does, and changes each example of the training split anew for every epoch. */
export function gatherAugmented(train: Examples, augment: Augment) {
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
  offsets?: Uint32Array,
): Float32Array {
  const gathered = new Float32Array(chosen.length * width);
  for (const [i, example] of chosen.entries()) {
    const start = offsets ? offsets[example]! : example * width;
    gathered.set(source.subarray(start, start + width), i * width);
  }
  return gathered;
}
