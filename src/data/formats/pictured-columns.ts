import type { Column, DeclaredType } from '../../spec/dataset.ts';
import { DataError } from '../data-error.ts';
import type { SplitName } from '../split-names.ts';

/** The columns of every data set of pictures, or of other tensors, with their labels. */
export const IMAGE = 'image';
export const LABEL = 'label';
/** A data set that brings its own division along has this one too. */
export const PART = 'part';

type ColumnTypes = Readonly<Record<string, DeclaredType>>;

/** @throws DataError where one is declared whose type follows from the format */
export function refuseSettledTypes(columnTypes: ColumnTypes): void {
  for (const column of [IMAGE, PART]) {
    if (Object.hasOwn(columnTypes, column))
      throw new DataError('its type is settled, whatever columnTypes says', { column });
  }
}

/** @param counts how many rows come as each part, in their order */
export function partColumn(counts: ReadonlyMap<SplitName, number>): Column {
  const classes = Array.from(counts, ([value, count]) => ({ value, count }));
  return { name: PART, type: 'category', missing: 0, distinct: classes.length, classes };
}
