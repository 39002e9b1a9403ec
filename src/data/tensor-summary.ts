import { toJsonNumber } from '../spec/common.ts';
import type { Column } from '../spec/dataset.ts';
import { size } from '../spec/shapes.ts';
import { DataError } from './data-error.ts';
import { Moments } from './moments.ts';
import type { Numbers } from './readers/arrays.ts';

/** What a tensor column holds, gathered as its numbers come. None of them is missing, infinite or NaN. */
export class TensorSummary {
  private readonly name: string;
  private readonly shape: readonly number[];
  private readonly moments = new Moments();
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private integer = true;

  constructor(name: string, shape: readonly number[]) {
    this.name = name;
    this.shape = shape;
  }

  /** @throws DataError for a number that isn't finite, with its row */
  add(numbers: Numbers): void {
    for (let i = 0; i < numbers.length; i++) {
      const number = numbers[i]!;
      if (!Number.isFinite(number)) throw this.notFinite(number);
      this.moments.add(number);
      if (number < this.min) this.min = number;
      if (number > this.max) this.max = number;
      if (this.integer && !Number.isInteger(number)) this.integer = false;
    }
  }

  finish(): Column {
    const { name, min, max, integer, moments } = this;
    return {
      name,
      type: 'tensor',
      shape: [...this.shape],
      missing: 0,
      distinct: null,
      min,
      max,
      mean: toJsonNumber(moments.mean),
      std: toJsonNumber(moments.std),
      integer,
    };
  }

  private notFinite(number: number): DataError {
    const row = Math.floor(this.moments.count / size(this.shape)) + 1;
    return new DataError(`${number} isn’t a finite number (row ${row})`, { column: this.name });
  }
}
