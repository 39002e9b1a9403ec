import type { ProblemError } from '../spec/resource/problem.ts';

/** More than this helps nobody, and looking for near names takes time. */
const MAX_PROBLEMS = 20;

/** What is wrong with a request so far. */
export class Problems {
  readonly found: ProblemError[] = [];

  get areMany(): boolean {
    return this.found.length >= MAX_PROBLEMS;
  }

  add(pointer: string, message: string): void {
    if (!this.areMany) this.found.push({ pointer, message });
  }
}

/** A JSON Pointer (RFC 6901) of these parts, escaped. */
export function pointerTo(...parts: readonly (string | number)[]): string {
  return parts.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
