import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, statSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file system of so many bytes, which can be filled. */
export interface SmallDisk {
  /** Takes all room, but for `spare` bytes. */
  fill(spare?: number): void;
  /** Gives the room back. */
  free(): void;
  readOnly(on: boolean): void;
  unmount(): void;
}

/** Only root may mount, and in a container often not even root: there these tests are skipped, which their report shows. */
export const mayMount = triesToMount();

export function mountSmallDisk(path: string, bytes: number): SmallDisk {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', path]);
  const ballast = join(path, 'ballast');
  return {
    fill(spare = 0) {
      const file = openSync(ballast, 'a');
      const chunk = new Uint8Array(4096);
      try {
        for (;;) writeSync(file, chunk);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      } finally {
        closeSync(file);
      }
      if (spare > 0) execFileSync('truncate', ['--size', `${statSync(ballast).size - spare}`, ballast]);
    },
    free: () => rmSync(ballast),
    readOnly: (on) => void execFileSync('mount', ['-o', `remount,${on ? 'ro' : 'rw'}`, path]),
    // What still runs may hold it open.
    unmount: () => void execFileSync('umount', ['--lazy', path]),
  };
}

function triesToMount(): boolean {
  const path = mkdtempSync(join(tmpdir(), 'trainyard-test-'));
  try {
    mountSmallDisk(path, 4096).unmount();
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(path);
  }
}
