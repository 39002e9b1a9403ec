import type { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { UNSTORABLE } from '../../spec/storable-text.ts';
import { DataError } from '../data-error.ts';
import { slices } from './slices.ts';

/**
 * Decodes a stream of UTF-8 bytes in pieces of at most 64 KiB, without a byte order mark.
 * @throws DataError with the line of the first byte that isn't UTF-8, or is 0
 */
export async function* readText(source: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  for await (const slice of slices(source)) {
    const text = decode(decoder, slice, line);
    const zero = text.indexOf('\0');
    if (zero >= 0) throw new DataError(UNSTORABLE, { line: line + count(text.slice(0, zero), '\n') });
    line += count(text, '\n');
    yield text;
  }
  decode(decoder, undefined, line);
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
