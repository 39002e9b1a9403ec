import { bits } from '../../../random.ts';
import { TURNS } from '../../../spec/preprocess.ts';
import { size } from '../../../spec/shapes.ts';
import { exampleLosses, meanLoss } from '../losses.ts';
import { type Objective, type ObjectiveInputs, plain } from './objective.ts';

/**
 * Tells by how much each picture was turned: Gidaris, Singh and Komodakis, Unsupervised representation learning by
 * predicting image rotations (ICLR 2018). They show a step all four turns of a picture; here a step sees one of
 * them, and each epoch another.
 */
export function rotation({ inputShape }: ObjectiveInputs): Objective {
  const [side] = inputShape as [number];
  const channels = size(inputShape.slice(2));
  return {
    ...plain,
    makeBatch: (batch, { stream }) => {
      const x = new Float32Array(batch.x.length);
      const y = new Float32Array(batch.count * TURNS.length);
      const width = batch.x.length / batch.count;
      for (let example = 0; example < batch.count; example++) {
        const quarters = bits(stream, example) >>> 30;
        const place = [example * width, (example + 1) * width] as const;
        turn(batch.x.subarray(...place), x.subarray(...place), side, channels, quarters);
        y[example * TURNS.length + quarters] = 1;
      }
      return { ...batch, x, y };
    },
    loss: (outputs, { y, weights }) =>
      meanLoss(exampleLosses({ type: 'categoricalCrossEntropy', labelSmoothing: 0 }, outputs, y), weights),
  };
}

/** Turns a picture [side, side, channels] counterclockwise by so many quarters, as NumPy's `rot90` does. */
export function turn(
  picture: Float32Array,
  turned: Float32Array,
  side: number,
  channels: number,
  quarters: number,
): void {
  const last = side - 1;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [fromY, fromX] = [
        [y, x],
        [x, last - y],
        [last - y, last - x],
        [last - x, y],
      ][quarters] as [number, number];
      const [from, to] = [(fromY * side + fromX) * channels, (y * side + x) * channels];
      for (let channel = 0; channel < channels; channel++) turned[to + channel] = picture[from + channel]!;
    }
  }
}
