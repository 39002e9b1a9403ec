import { z } from 'zod';
import { JsonNumber, Name, PositiveInt, Shape } from './common.ts';

export const DatasetFormat = z.enum(['csv', 'jsonl', 'idx', 'npz', 'zip']);
export type DatasetFormat = z.infer<typeof DatasetFormat>;

export const ColumnType = z.enum(['number', 'boolean', 'category', 'text', 'tensor']);
export type ColumnType = z.infer<typeof ColumnType>;

/** What a user may declare a column to be. A tensor is one by its format. */
export const DeclaredType = ColumnType.exclude(['tensor']);
export type DeclaredType = z.infer<typeof DeclaredType>;

/** Pictures are grey, or red, green and blue. */
export const Channels = z.union([z.literal(1), z.literal(3)]);
export type Channels = z.infer<typeof Channels>;

/** What was found of pictures that come as files, each of its own size. */
export const Pictures = z
  .strictObject({
    channels: Channels.meta({ description: '1 where every picture is grey, else 3.' }),
    sizes: z
      .array(z.strictObject({ height: PositiveInt, width: PositiveInt, count: PositiveInt }))
      .min(1)
      .meta({ description: 'The most frequent sizes, in pixels, with how many pictures have each.' }),
    distinctSizes: PositiveInt,
  })
  .meta({ id: 'Pictures', description: 'Pictures as files: a job says to which size they are brought.' });
export type Pictures = z.infer<typeof Pictures>;

/** What was found in one column of a data set. */
export const Column = z
  .strictObject({
    name: Name,
    type: ColumnType,
    shape: Shape.optional().meta({
      description:
        'Of each row of a tensor: `[28, 28, 1]` for a picture. Pictures of different sizes have none.',
    }),
    pictures: Pictures.optional(),
    missing: z.int().min(0),
    distinct: z.int().min(0).nullable().meta({ description: 'Null where there are more than are counted.' }),
    min: JsonNumber.optional(),
    max: JsonNumber.optional(),
    mean: JsonNumber.optional(),
    std: JsonNumber.optional(),
    integer: z.boolean().optional().meta({ description: 'Every number is whole.' }),
    classes: z
      .array(z.strictObject({ value: z.string(), count: z.int() }))
      .optional()
      .meta({ description: 'Values and how often they occur, where there are few.' }),
  })
  .meta({ id: 'Column' });
export type Column = z.infer<typeof Column>;

export const DatasetSchema = z.strictObject({ rows: z.int().min(1), columns: z.array(Column).min(1) });
export type DatasetSchema = z.infer<typeof DatasetSchema>;
