import type { z } from 'zod';

export type Path = readonly (string | number)[];

/** What can’t be taken, and where in the topology it stands. */
export interface Fault {
  readonly path: Path;
  readonly message: string;
}

/** More than this helps nobody. */
const MOST = 20;

/** What is wrong with a topology so far. */
export class Faults {
  readonly found: Fault[] = [];

  add(path: Path, message: string): void {
    if (this.found.length < MOST) this.found.push({ path, message });
  }

  /** @param base where what Zod looked at stands */
  addIssues(base: Path, issues: readonly z.core.$ZodIssue[]): void {
    for (const issue of issues) {
      const path = [...base, ...(issue.path as (string | number)[])];
      if (issue.code === 'unrecognized_keys')
        for (const key of issue.keys) this.add([...path, key], 'there is no such option here');
      else this.add(path, issue.message);
    }
  }
}
