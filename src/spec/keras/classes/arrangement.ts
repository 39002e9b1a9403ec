import { z } from 'zod';
import { ReshapeLayer } from '../../layers/arrangement.ts';
import { kerasClass } from '../class.ts';
import { Pair, spatial } from '../options.ts';

export const Flatten = kerasClass(spatial, () => ({ layer: { type: 'flatten' } }));

export const Reshape = kerasClass({ target_shape: ReshapeLayer.shape.shape }, ({ target_shape: shape }) => ({
  layer: { type: 'reshape', shape },
}));

export const UpSampling2D = kerasClass(
  {
    ...spatial,
    size: Pair.default([2, 2]),
    interpolation: z
      .literal('nearest', { error: 'must be nearest: pixels are repeated here, not interpolated' })
      .optional(),
  },
  ({ size }) => ({ layer: { type: 'upSampling', size } }),
);

const Edge = z.int().min(0);
const Edges = z.tuple([Edge, Edge]);
type Edges = z.output<typeof Edges>;

/** One number all around, one for height and one for width, or before and after of both. */
const Around = z
  .unknown()
  .transform((value, context): [Edges, Edges] => {
    const sides = typeof value === 'number' ? [value, value] : value;
    const pairs = Array.isArray(sides)
      ? sides.map((side) => (typeof side === 'number' ? [side, side] : side))
      : sides;
    const { data } = z.tuple([Edges, Edges]).safeParse(pairs);
    if (data !== undefined) return data;
    context.addIssue({ code: 'custom', message: 'must be [[top, bottom], [left, right]], in whole pixels' });
    return z.NEVER;
  })
  .default([
    [1, 1],
    [1, 1],
  ]);

export const ZeroPadding2D = kerasClass({ ...spatial, padding: Around }, ({ padding }) => ({
  layer: { type: 'zeroPadding', padding },
}));
