import { monotonicFactory } from 'ulid';

export type IdPrefix =
  | 'ds'
  | 'job'
  | 'pipe'
  | 'run'
  | 'evt'
  | 'ckp'
  | 'art'
  | 'mdl'
  | 'key'
  | 'prj'
  | 'wrk'
  | 'hook'
  | 'msg';

const ulid = monotonicFactory();

/** A new id: what it names, then a ULID, so that ids sort by their time, also those of one millisecond. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${ulid()}`;
}
