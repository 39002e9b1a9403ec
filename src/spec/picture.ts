import { z } from 'zod';
import { PositiveInt } from './common.ts';
import { Channels } from './dataset.ts';

/** No side of a picture that a network takes is longer. */
const MAX_SIDE = 4_096;

/** How a picture comes to another shape; the words are CSS's `object-fit`. */
export const Fit = z.enum(['cover', 'contain', 'fill']).meta({
  description:
    'How a picture whose sides have another ratio is brought to the size: `cover` cuts off what is too much at two sides, `contain` adds black there, `fill` stretches.',
});
export type Fit = z.infer<typeof Fit>;

/** The size, in pixels, to which pictures that come as files are brought. */
export const ImageSize = z
  .strictObject({
    height: PositiveInt.max(MAX_SIDE),
    width: PositiveInt.max(MAX_SIDE),
    channels: Channels.optional().meta({
      description: '1 makes them grey, 3 red, green and blue. As the data set has them when left out.',
    }),
    fit: Fit.default('cover'),
  })
  .meta({ id: 'ImageSize' });
export type ImageSize = z.infer<typeof ImageSize>;

/** What pictures become, with nothing left open. */
export interface PictureShape {
  readonly height: number;
  readonly width: number;
  readonly channels: Channels;
  readonly fit: Fit;
}
