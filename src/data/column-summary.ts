import { toJsonNumber } from '../spec/common.ts';
import type { Column, DeclaredType } from '../spec/dataset.ts';
import { isInfinite, isMissing, toBoolean, toLabel, toNumber } from './cell.ts';
import { DataError, quoted } from './data-error.ts';
import { Moments } from './moments.ts';
import { sortClasses } from './order.ts';
import type { RawValue } from './readers/index.ts';
import { type CountingBudget, ValueCounts } from './value-counts.ts';

/** Values that are few are categories, however small the file. */
const FEW_VALUES = 20;
/** A number column with more distinct values than this lists no classes: nobody classifies by them. */
const MAX_NUMBER_CLASSES = 100;

interface Finding {
  readonly value: RawValue;
  readonly line: number;
}

/**
 * What one column holds, gathered value by value in bounded memory.
 *
 * Its type follows from its values, missing ones left out: all numbers, all `true` and `false`, or text. A column
 * with more numbers than anything else is taken for a number column with a fault in it, not for a category. Text
 * is a category unless there are too many distinct values to count, or more than 20 that are also more than
 * half of all values (names, ids).
 */
export class ColumnSummary {
  private readonly name: string;
  private readonly declared: DeclaredType | undefined;
  private readonly counts: ValueCounts;
  private readonly moments = new Moments();
  private missing: number;
  private booleans = 0;
  private texts = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private integer = true;
  private firstOther: Finding | undefined;

  /** @param missing rows before the column's first, in a file whose rows bring new columns */
  constructor(name: string, declared: DeclaredType | undefined, budget: CountingBudget, missing: number) {
    this.name = name;
    this.declared = declared;
    this.counts = new ValueCounts(budget);
    this.missing = missing;
  }

  /** @throws DataError for a value that isn't of the declared type */
  add(value: RawValue, line: number, typed: boolean): void {
    if (value === null || isMissing(value)) {
      this.missing++;
      return;
    }
    this.counts.add(value);
    // JSON tells text from numbers: "7" is text there, unless the user says otherwise.
    const isText = typed && typeof value === 'string' && this.declared === undefined;
    const number = isText ? Number.NaN : toNumber(value);
    if (!Number.isNaN(number)) this.addNumber(number);
    else this.addOther(value, line, isText ? undefined : toBoolean(value));
    this.checkDeclared(value, number, line);
  }

  /**
   * @param room for classes: where there is too little, those of numbers, which are for convenience, aren't listed
   * @throws DataError for text among numbers, and for more categories than there is room for
   */
  finish(room = Number.POSITIVE_INFINITY): Column {
    const type = this.declared ?? this.inferType();
    const column = { name: this.name, type, missing: this.missing };
    const counts = this.countsAs(type);
    const distinct = counts?.size ?? null;
    if (type === 'number')
      return {
        ...column,
        distinct,
        ...this.statistics(),
        ...listed(counts, Math.min(MAX_NUMBER_CLASSES, room)),
      };
    if (type === 'text') return { ...column, distinct };
    if (counts !== null && counts.size > room)
      throw new DataError(
        'the columns up to this one have too many categories together; declare some as text with columnTypes',
        { column: this.name },
      );
    return { ...column, distinct, ...listed(counts) };
  }

  private addNumber(number: number): void {
    this.moments.add(number);
    if (number < this.min) this.min = number;
    if (number > this.max) this.max = number;
    if (!Number.isInteger(number)) this.integer = false;
  }

  private addOther(value: RawValue, line: number, boolean: boolean | undefined): void {
    if (boolean === undefined) this.texts++;
    else this.booleans++;
    this.firstOther ??= { value, line };
  }

  private checkDeclared(value: RawValue, number: number, line: number): void {
    if (this.declared === 'number' && Number.isNaN(number)) throw this.notANumber({ value, line });
    if (this.declared === 'boolean' && toBoolean(value) === undefined)
      throw new DataError(`${quoted(value)} is neither true nor false`, { line, column: this.name });
  }

  private inferType(): DeclaredType {
    const numbers = this.moments.count;
    const values = numbers + this.booleans + this.texts;
    if (values === 0) return 'category';
    if (numbers === values) return 'number';
    if (this.booleans === values) return 'boolean';
    if (numbers > values / 2) throw this.notANumber(this.firstOther!);
    const distinct = this.counts.all?.size ?? Number.POSITIVE_INFINITY;
    return distinct > FEW_VALUES && distinct > values / 2 ? 'text' : 'category';
  }

  private notANumber({ value, line }: Finding): DataError {
    const what = isInfinite(value) ? 'isn’t a finite number' : 'isn’t a number';
    const remedy =
      this.declared === undefined
        ? '; correct it, leave it empty, or declare the column a category with columnTypes'
        : '; the column is declared a number with columnTypes';
    return new DataError(`${quoted(value)} ${what}${remedy}`, { line, column: this.name });
  }

  /** Spellings of one value count as one: `3` and `3.0` in a number column. */
  private countsAs(type: DeclaredType): ReadonlyMap<string, number> | null {
    if (this.counts.all === null) return null;
    const merged = new Map<string, number>();
    for (const [text, count] of this.counts.all) {
      const label = toLabel(text, type);
      merged.set(label, (merged.get(label) ?? 0) + count);
    }
    return merged;
  }

  private statistics(): Partial<Column> {
    if (this.moments.count === 0) return {};
    return {
      min: this.min,
      max: this.max,
      mean: toJsonNumber(this.moments.mean),
      std: toJsonNumber(this.moments.std),
      integer: this.integer,
    };
  }
}

function listed(
  counts: ReadonlyMap<string, number> | null,
  most = Number.POSITIVE_INFINITY,
): Partial<Column> {
  if (counts === null || counts.size > most) return {};
  return { classes: sortClasses(counts.keys()).map((value) => ({ value, count: counts.get(value)! })) };
}
