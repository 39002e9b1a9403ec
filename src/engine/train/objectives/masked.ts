import { bits, key } from '../../../random.ts';
import type { ObjectiveOf } from '../../../spec/objective.ts';
import { pictureOf } from '../../../spec/preprocess.ts';
import { askedLoss } from '../losses.ts';
import { columnCells, defaultPatch, patches } from './hidden-parts.ts';
import { type Objective, type ObjectiveInputs, plain } from './objective.ts';

/** He et al., Masked autoencoders are scalable vision learners (arXiv:2111.06377). */
const SHARE_OF_PICTURE = 0.75;
/** Yoon et al., VIME: extending the success of self- and semi-supervised learning to tabular domain (NeurIPS 2020). */
const SHARE_OF_ROW = 0.3;

/**
 * Fills in what was hidden. Of each example as many parts are hidden, chosen at random, but never all: patches of a
 * picture, all channels of them, or columns. They are set to 0, and only they are asked for.
 */
export function masked(spec: ObjectiveOf<'masked'>, { inputs, inputShape }: ObjectiveInputs): Objective {
  const { loss = { type: 'mse' } } = spec;
  const picture = pictureOf(inputs);
  const { share = picture ? SHARE_OF_PICTURE : SHARE_OF_ROW } = spec;
  const parts = picture
    ? patches(picture.shape, spec.patch ?? defaultPatch(picture.shape))
    : columnCells(inputs, inputShape);
  const hidden = Math.max(1, Math.min(Math.round(share * parts.length), parts.length - 1));
  return {
    ...plain,
    makeBatch: (batch, { stream }) => {
      const width = batch.x.length / batch.count;
      const [x, asked] = [batch.x.slice(), new Float32Array(batch.x.length)];
      for (let example = 0; example < batch.count; example++) {
        for (const part of draw(parts, hidden, key(...stream, example))) {
          for (const place of part) {
            x[example * width + place] = 0;
            asked[example * width + place] = 1;
          }
        }
      }
      return { ...batch, x, y: batch.x, asked };
    },
    loss: (outputs, { y, asked, weights }) => askedLoss(loss, outputs, y, asked!, weights),
  };
}

/** So many of the parts, each set of them as likely as any other: the first steps of Fisher and Yates. */
function draw<Part>(parts: readonly Part[], count: number, stream: readonly [number, number]): Part[] {
  const left = [...parts];
  for (let i = 0; i < count; i++) {
    const j = i + Math.floor((bits(stream, i) / 4294967296) * (left.length - i));
    [left[i], left[j]] = [left[j]!, left[i]!];
  }
  return left.slice(0, count);
}
