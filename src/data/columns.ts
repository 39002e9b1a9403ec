import type { Column, DatasetSchema } from '../spec/dataset.ts';
import { suggestion } from './nearest-name.ts';
import type { Problems } from './problems.ts';

/** The columns of a data set by name; a name that isn't there becomes a problem. */
export class Columns {
  readonly all: readonly Column[];
  private readonly byName: ReadonlyMap<string, Column>;
  private readonly problems: Problems;

  constructor(schema: DatasetSchema, problems: Problems) {
    this.all = schema.columns;
    this.byName = new Map(schema.columns.map((column) => [column.name, column]));
    this.problems = problems;
  }

  find(name: string, pointer: string): Column | undefined {
    const column = this.byName.get(name);
    if (column === undefined && !this.problems.areMany)
      this.problems.add(pointer, `there is no column “${name}”${suggestion(name, [...this.byName.keys()])}`);
    return column;
  }
}
