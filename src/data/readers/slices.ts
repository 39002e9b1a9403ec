import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** So much is worked on at once: a few milliseconds of it, then the event loop has its turn. */
export const SLICE_BYTES = 64 * 1024;

/** A stream's bytes in pieces of at most 64 KiB. */
export async function* slices(source: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer | string>) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
      // A stream gives way by itself between chunks, but not within a large one.
      if (start > 0) await nextTurn();
      yield bytes.subarray(start, start + SLICE_BYTES);
    }
  }
}
