import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Where results are kept, so that a run can be broken off; git ignores it. */
export const KEPT = '.bench';

/** The file of what was measured so: another description is another file. */
export function fileOf(kind: string, description: unknown, extension = 'json'): string {
  return join(KEPT, `${kind}-${fingerprint(description)}.${extension}`);
}

/** FNV-1a of its JSON: enough to tell a few hundred descriptions apart. */
export function fingerprint(description: unknown): string {
  const bytes = Buffer.from(JSON.stringify(description));
  const sum = bytes.reduce((hash, byte) => Math.imul(hash ^ byte, 0x01000193), 0x811c9dc5) >>> 0;
  return sum.toString(16);
}

export function readKept<T>(file: string): T | null {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
}

export function keep(file: string, result: unknown): void {
  mkdirSync(KEPT, { recursive: true });
  writeFileSync(file, `${JSON.stringify(result, null, 2)}\n`);
}
