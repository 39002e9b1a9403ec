import { key, uniform } from '../../random.ts';
import type { Augmentation } from '../../spec/augment.ts';
import type { TensorEncoding } from '../../spec/preprocess.ts';
import { brightness } from './brightness.ts';
import { contrast } from './contrast.ts';
import { crop } from './crop.ts';
import { flip } from './flip.ts';
import type { Change, Frame } from './frame.ts';
import { rotate } from './rotate.ts';
import { shift } from './shift.ts';

/** When an example is seen: stages and epochs count from 1, examples from 0 in the training split. */
export interface Moment {
  readonly stage: number;
  readonly epoch: number;
  readonly example: number;
}

/** Changes an encoded example in place. What comes of it follows from the seed and the moment alone. */
export type Augment = (example: Float32Array, moment: Moment) => void;

/**
 * Changes encoded pictures step by step, in the order given. The encoding only shifts and scales each channel, so
 * interpolating, mirroring and mixing give the same before it as after it.
 * @param range the least and the greatest number that a picture has before it is encoded: black and white
 */
export function createAugment(
  steps: readonly Augmentation[],
  encoding: TensorEncoding,
  range: readonly [number, number],
  seed: number,
): Augment {
  const frame = frameOf(encoding, range);
  const changes = steps.map(changeOf);
  const size = frame.height * frame.width * frame.channels;
  let [from, to] = [new Float32Array(size), new Float32Array(size)];
  return (example, { stage, epoch, example: index }) => {
    from.set(example);
    for (const [i, change] of changes.entries()) {
      const stream = key(seed, 'augment', stage, epoch, index, i);
      change(from, to, frame, (drawn) => uniform(stream, drawn));
      [from, to] = [to, from];
    }
    example.set(from);
  };
}

function changeOf(step: Augmentation): Change {
  switch (step.type) {
    case 'flip':
      return flip(step.direction, step.probability);
    case 'shift':
      return shift(step.pixels, step.fill);
    case 'rotate':
      return rotate(step.degrees, step.fill);
    case 'crop':
      return crop(step.scale);
    case 'brightness':
      return brightness(step.amount);
    case 'contrast':
      return contrast(step.amount);
  }
}

function frameOf({ shape, scale, mean, std }: TensorEncoding, range: readonly [number, number]): Frame {
  const [height, width, channels] = shape as [number, number, number];
  const [lowest, highest] = range.map((value) =>
    Float32Array.from(mean, (each, channel) => (value * scale - each) / std[channel]!),
  ) as [Float32Array, Float32Array];
  return { height, width, channels, lowest, highest };
}
