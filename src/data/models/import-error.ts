import type { ProblemError } from '../../spec/resource/problem.ts';
import { pointerTo } from '../problems.ts';

/** A model of another's that can't be taken. Pointers go into the upload: `/model/modelTopology/config/layers/3`. */
export class ImportError extends Error {
  override readonly name = 'ImportError';
  readonly errors: readonly ProblemError[];

  constructor(errors: readonly ProblemError[]) {
    super(errors.map(({ message }) => message).join('; '));
    this.errors = errors;
  }
}

/** @param place in the upload, part by part */
export function refusal(place: readonly (string | number)[], message: string): ImportError {
  return new ImportError([{ pointer: pointerTo(...place), message }]);
}
