import { ulid } from 'ulid';

export type IdPrefix = 'ds' | 'job' | 'run' | 'evt' | 'ckp' | 'art' | 'mdl' | 'key' | 'prj' | 'wrk';

/** A new id: what it names, then a ULID, so that ids sort by their time. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${ulid()}`;
}
