import { z } from 'zod';
import { PositiveInt } from './common.ts';

const Fill = z.enum(['edge', 'black']).default('edge').meta({
  description: 'What stands where there was no picture: its nearest pixel, or the least value that there is.',
});

/**
 * One random change of a training picture. Each is drawn anew for every example and epoch, from the job's seed,
 * the stage, the epoch and the example.
 */
export const Augmentation = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('flip'),
    direction: z.enum(['horizontal', 'vertical']).default('horizontal').meta({
      description: '`horizontal` exchanges left and right.',
    }),
    probability: z.number().min(0).max(1).default(0.5),
  }),
  z.strictObject({
    type: z.literal('shift'),
    pixels: PositiveInt.max(4_096).meta({
      description: 'By up to so many whole pixels up or down, and left or right.',
    }),
    fill: Fill,
  }),
  z.strictObject({
    type: z.literal('rotate'),
    degrees: z.number().positive().max(180).meta({ description: 'By up to so many degrees either way.' }),
    fill: Fill,
  }),
  z.strictObject({
    type: z.literal('crop'),
    scale: z
      .tuple([z.number().positive().max(1), z.number().positive().max(1)])
      .refine(([least, most]) => least <= most, { error: 'the least share comes first' })
      .default([0.8, 1])
      .meta({
        description:
          'The least and the greatest share of the area that is kept. The part lies anywhere, has the picture’s own ratio of sides, and is brought back to its size.',
      }),
  }),
  z.strictObject({
    type: z.literal('brightness'),
    amount: z.number().positive().max(1).meta({
      description: 'Adds up to so much of the range from black to white, or takes it away.',
    }),
  }),
  z.strictObject({
    type: z.literal('contrast'),
    amount: z.number().positive().max(1).meta({
      description:
        'Multiplies the distance of each number from its channel’s mean in the picture by 1 − amount … 1 + amount.',
    }),
  }),
]);
export type Augmentation = z.infer<typeof Augmentation>;
