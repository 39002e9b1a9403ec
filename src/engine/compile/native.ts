import type { LibraryHandle } from 'koffi';

/** A library's functions by their names. */
export type Library = LibraryHandle;
type Koffi = typeof import('koffi')['default'];

/** How functions of the machine's libraries are called. */
export interface Native {
  readonly koffi: Koffi;
  /** The symbols of the process itself. */
  readonly process: Library;
}

/** Nothing where koffi has no build for the machine. */
export async function findNative(): Promise<Native | undefined> {
  try {
    const koffi = (await import('koffi')).default;
    return { koffi, process: koffi.load(null) };
  } catch {
    return undefined;
  }
}

/** Where a buffer lies in the process. */
export function addressOf({ koffi }: Native, buffer: ArrayBufferLike): number {
  return Number(koffi.address(new Uint8Array(buffer)));
}

/** What the action gives, or nothing where it throws: of functions that a library or a system may lack. */
export function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch {
    return undefined;
  }
}
