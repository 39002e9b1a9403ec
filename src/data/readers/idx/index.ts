import type { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { size } from '../../../spec/shapes.ts';
import { DataError } from '../../data-error.ts';
import { type ArrayFile, MAX_IMAGE_NUMBERS, type Numbers } from '../arrays.ts';
import { SLICE_BYTES } from '../slices.ts';
import {
  contentBytes,
  DIMENSION_BYTES,
  type FileName,
  type IdxHeader,
  MAGIC_BYTES,
  readDimensions,
  readMagic,
} from './header.ts';
import { UnzippedBytes } from './unzipped-bytes.ts';

/** Nobody has more than three; each costs time, however few bytes it has. */
const MOST_PAIRS = 100;

/**
 * Reads IDX files as they stream in: images alone, or pairs: images, their labels, more images, their labels. Each
 * file is gzipped or not. The format is Yann LeCun's for MNIST (http://yann.lecun.com/exdb/mnist, at its end).
 *
 * Memory stays bounded whatever a header promises or gzip inflates to. The source is destroyed when the reading
 * stops early.
 * @param maxBytes what all files may have together once they are unzipped
 * @throws DataError for files that are damaged, that don't fit together, or that are too large
 */
export async function* readIdx(source: Readable, maxBytes: number): AsyncGenerator<ArrayFile> {
  const reader = new IdxReader(new UnzippedBytes(source), maxBytes);
  try {
    let first: IdxHeader | undefined;
    let pairs = 0;
    for (let row = 0; await reader.startFile('images', row); ) {
      if (++pairs > MOST_PAIRS) throw new DataError(`there are more than ${MOST_PAIRS} pairs of files`);
      const images = await reader.readHeader();
      checkImages(images, first, reader.file.name);
      first ??= images;
      yield* reader.read('images', images, row);
      if (!(await reader.startFile('labels', row))) {
        if (row > 0) throw new DataError(`${reader.file.name} is missing: it follows the file of images`);
        return;
      }
      const labels = await reader.readHeader();
      checkLabels(labels, images.count, reader.file.name);
      yield* reader.read('labels', labels, row);
      row += images.count;
    }
    if (!first) throw new DataError('the file is empty');
  } finally {
    await reader.close();
  }
}

class IdxReader {
  /** The file that is being read. */
  file: FileName = { name: '', hint: '' };
  private readonly bytes: UnzippedBytes;
  private readonly maxBytes: number;
  private promised = 0;

  constructor(bytes: UnzippedBytes, maxBytes: number) {
    this.bytes = bytes;
    this.maxBytes = maxBytes;
  }

  startFile(holds: ArrayFile['holds'], firstRow: number): Promise<boolean> {
    const isFirst = this.promised === 0;
    this.file = {
      name: firstRow === 0 ? `the file of ${holds}` : `the file of ${holds} from row ${firstRow + 1} on`,
      hint: isFirst ? '' : '; or the file before it has more bytes than its header promises',
    };
    return this.bytes.startFile();
  }

  async readHeader(): Promise<IdxHeader> {
    const { element, rank } = readMagic(await this.readWhole(MAGIC_BYTES), this.file);
    const header = readDimensions(await this.readWhole(rank * DIMENSION_BYTES), element, this.file);
    this.promised += MAGIC_BYTES + rank * DIMENSION_BYTES + contentBytes(header);
    if (this.promised > this.maxBytes)
      throw new DataError(
        `${this.file.name} promises ${[header.count, ...header.shape].join(' × ')} numbers (${element.name}); unzipped, a data set may have at most ${this.maxBytes} bytes`,
      );
    return header;
  }

  /** Hands the file on, and then goes to its end. */
  async *read(holds: ArrayFile['holds'], header: IdxHeader, firstRow: number): AsyncGenerator<ArrayFile> {
    const numbers = this.numbers(header);
    // Without a `return`, so that whoever breaks off leaves the rest to be passed over.
    const once = { next: () => numbers.next() };
    yield { ...header, holds, firstRow, numbers: () => ({ [Symbol.asyncIterator]: () => once }) };
    for await (const _ of numbers);
  }

  close(): Promise<void> {
    return this.bytes.close();
  }

  private async *numbers(header: IdxHeader): AsyncGenerator<Numbers> {
    const { bytes: elementBytes } = header.element;
    let left = contentBytes(header);
    let held: Buffer = Buffer.alloc(0);
    let sinceTurn = 0;
    while (left > 0) {
      const taken = await this.take(left, contentBytes(header) - left);
      left -= taken.length;
      sinceTurn += taken.length;
      // A few bytes inflate to many, which are all there at once: nothing else would let others have their turn.
      if (sinceTurn > SLICE_BYTES) {
        await nextTurn();
        sinceTurn = 0;
      }
      const content = held.length > 0 ? Buffer.concat([held, taken]) : taken;
      const whole = content.length - (content.length % elementBytes);
      held = content.subarray(whole);
      if (whole > 0) yield header.element.decode(content.subarray(0, whole));
    }
  }

  private async readWhole(length: number): Promise<Buffer> {
    const parts: Buffer[] = [];
    for (let left = length; left > 0; ) {
      const taken = await this.bytes.take(left);
      if (!taken) throw new DataError(`${this.file.name} breaks off within its header${this.file.hint}`);
      parts.push(taken);
      left -= taken.length;
    }
    return Buffer.concat(parts);
  }

  private async take(most: number, before: number): Promise<Buffer> {
    const taken = await this.bytes.take(most);
    if (taken) return taken;
    throw new DataError(
      `${this.file.name} breaks off: its header promises ${before + most} bytes of numbers, and there are ${before}`,
    );
  }
}

function checkImages(images: IdxHeader, first: IdxHeader | undefined, file: string): void {
  const { shape, element } = images;
  if (shape.length === 0)
    throw new DataError(`${file} has a single number a row; are these the labels? The images come first`);
  if (size(shape) > MAX_IMAGE_NUMBERS)
    throw new DataError(
      `${file} has ${shape.join(' × ')} numbers a row, and ${MAX_IMAGE_NUMBERS} are the most`,
    );
  if (!first) return;
  const [before, now] = [first, images].map((header) => `${header.shape.join(' × ')} ${header.element.name}`);
  if (shape.join() !== first.shape.join() || element !== first.element)
    throw new DataError(`${file} has rows of ${now}, and the images before have ${before}`);
}

function checkLabels({ shape, count }: IdxHeader, images: number, file: string): void {
  if (shape.length > 0)
    throw new DataError(`${file} must have one number a row, and has ${shape.join(' × ')} of them`);
  if (count !== images) throw new DataError(`there are ${images} images, and ${count} labels`);
}
