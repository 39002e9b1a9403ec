import { z } from 'zod';
import { JsonNumber, Name, Shape } from './common.ts';

export const DatasetFormat = z.enum(['csv', 'jsonl', 'idx']);
export type DatasetFormat = z.infer<typeof DatasetFormat>;

export const ColumnType = z.enum(['number', 'boolean', 'category', 'text', 'tensor']);
export type ColumnType = z.infer<typeof ColumnType>;

/** What a user may declare a column to be. A tensor is one by its format. */
export const DeclaredType = ColumnType.exclude(['tensor']);
export type DeclaredType = z.infer<typeof DeclaredType>;

/** What was found in one column of a data set. */
export const Column = z
  .strictObject({
    name: Name,
    type: ColumnType,
    shape: Shape.optional().meta({ description: 'Of each row of a tensor: `[28, 28, 1]` for a picture.' }),
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
