import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { TextDecoder } from 'node:util';
import { DataError } from '../data-error.ts';

/** So much is decoded and parsed at once: a few milliseconds of work, then the event loop has its turn. */
const SLICE_BYTES = 64 * 1024;

/**
 * Decodes a stream of UTF-8 bytes in pieces of at most 64 KiB, without a byte order mark.
 * @throws DataError with the line of the first byte that isn't UTF-8
 */
export async function* readText(source: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for await (const slice of slices(source)) {
    const text = decode(decoder, slice, line);
    line += count(text, '\n');
    yield text;
  }
  decode(decoder, undefined, line);
}

async function* slices(source: Readable): AsyncGenerator<Buffer> {
  for await (const chunk of source as AsyncIterable<Buffer | string>) {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
    for (let start = 0; start < bytes.length; start += SLICE_BYTES) {
      // A stream gives way by itself between chunks, but not within a large one.
      if (start > 0) await nextTurn();
      yield bytes.subarray(start, start + SLICE_BYTES);
    }
  }
}

function decode(decoder: TextDecoder, slice: Buffer | undefined, line: number): string {
  try {
    return slice ? decoder.decode(slice, { stream: true }) : decoder.decode();
  } catch {
    const [readable] = new TextDecoder().decode(slice).split('\uFFFD', 1);
    throw new DataError('this isn’t UTF-8 text; save the file as UTF-8', {
      line: line + count(readable ?? '', '\n'),
    });
  }
}

function count(text: string, character: string): number {
  let found = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) found++;
  return found;
}
