import type { Column } from '../spec/dataset.ts';
import type { PictureShape } from '../spec/picture.ts';

/** A column that is used, with the type by which its cells are read. */
export interface PlannedColumn {
  readonly name: string;
  readonly type: 'number' | 'boolean' | 'category' | 'tensor';
  /** To what pictures that come as files are brought. */
  readonly picture?: PictureShape;
}

/** A column by whose classes rows are picked and shared out. */
export interface ClassedColumn extends PlannedColumn {
  /** Those that are kept, in their order: numbers by size. */
  readonly classes: readonly string[];
  /** Whether a row without a class is kept. */
  readonly keepsUnclassed: boolean;
}

export function plannedColumn({ name, type }: Column): PlannedColumn {
  if (type === 'text') throw new Error(`a text column was planned: ${name}`);
  return { name, type };
}
