import type { Column } from '../../../src/spec/dataset.ts';

/** A complete column of numbers from 0 to 9. */
export function numberColumn(name: string, integer = false): Column {
  return { name, type: 'number', missing: 0, distinct: null, min: 0, max: 9, mean: 4, std: 2, integer };
}
