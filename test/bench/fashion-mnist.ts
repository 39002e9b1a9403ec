import { createReadStream } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FORMATS } from '../../src/data/formats/index.ts';
import type { DatasetSchema } from '../../src/spec/dataset.ts';

/** Where Debian's package `dataset-fashion-mnist` puts it (Expat licence). */
const DEBIAN = '/usr/share/datasets/fashion-mnist';
const MOST_BYTES = 100_000_000;

/** The book validates on so many of the 60,000 training examples: the last, and in its second edition the first. */
const VALIDATED = 5_000;
const SIDE = 28;
const IMAGE_BYTES = SIDE * SIDE;

export const CLASSES = [
  'T-shirt/top',
  'trouser',
  'pullover',
  'dress',
  'coat',
  'sandal',
  'shirt',
  'sneaker',
  'bag',
  'ankle boot',
] as const;

export interface Dataset {
  readonly path: string;
  readonly format: 'idx';
  readonly schema: DatasetSchema;
}

/** Some of its pictures: a byte a pixel, and a byte a label. */
export interface Pictures {
  readonly pixels: Buffer;
  readonly labels: Buffer;
}

export interface FashionMnist {
  readonly train: Pictures;
  readonly test: Pictures;
}

/** @param folder where its four `.gz` files are; Debian's when left out */
export async function readFashionMnist(folder = DEBIAN): Promise<FashionMnist> {
  const read = async (name: string) => gunzipSync(await readFile(join(folder, `${name}-ubyte.gz`)));
  const pictures = async (name: string): Promise<Pictures> => ({
    pixels: (await read(`${name}-images-idx3`)).subarray(16),
    labels: (await read(`${name}-labels-idx1`)).subarray(8),
  });
  return { train: await pictures('train'), test: await pictures('t10k') };
}

/**
 * The 60,000 divided as in the book: 55,000 examples to train on, 5,000 to validate on.
 * @param validated which of them: the book's third edition takes the last, its second the first
 */
export function divided({ labels }: Pictures, validated: 'first' | 'last' = 'last') {
  const rows = [...labels.keys()];
  return validated === 'last'
    ? { train: rows.slice(0, -VALIDATED), validation: rows.slice(-VALIDATED) }
    : { train: rows.slice(VALIDATED), validation: rows.slice(0, VALIDATED) };
}

/** Fashion-MNIST as one data set of three parts: the book's division, and the 10,000 that only test. */
export async function bringFashionMnist(
  target: string,
  folder?: string,
  validated: 'first' | 'last' = 'last',
): Promise<Dataset> {
  const { train, test } = await readFashionMnist(folder);
  const rows = divided(train, validated);
  const name = validated === 'last' ? 'fashion-mnist.idx' : 'fashion-mnist-first-validated.idx';
  return writeParts(join(target, name), [picked(train, rows.train), picked(train, rows.validation), test]);
}

/** The pictures of these rows, in their order. */
export function picked({ pixels, labels }: Pictures, rows: readonly number[]): Pictures {
  return {
    pixels: Buffer.concat(rows.map((row) => pixels.subarray(row * IMAGE_BYTES, (row + 1) * IMAGE_BYTES))),
    labels: Buffer.from(rows.map((row) => labels[row]!)),
  };
}

/**
 * A data set of two parts, to train on and to test on, or of three with one to validate on between them. It is there
 * whole or not at all: benches that run side by side write the same ones.
 */
export async function writeParts(path: string, parts: readonly Pictures[]): Promise<Dataset> {
  await mkdir(dirname(path), { recursive: true });
  const unfinished = `${path}.${process.pid}`;
  await writeFile(unfinished, Buffer.concat(parts.flatMap(idxFiles)));
  await rename(unfinished, path);
  const schema = await FORMATS.idx.inferSchema(createReadStream(path), { maxBytes: MOST_BYTES });
  return { path, format: 'idx', schema };
}

/** IDX: two zeros, 8 for bytes, the number of axes, and the length of each as four bytes, the highest first. */
function idxFiles({ pixels, labels }: Pictures): Buffer[] {
  return [idxHeader(labels.length, SIDE, SIDE), pixels, idxHeader(labels.length), labels];
}

function idxHeader(...lengths: number[]): Buffer {
  const header = Buffer.from([0, 0, 8, lengths.length, ...lengths.flatMap(() => [0, 0, 0, 0])]);
  for (const [axis, length] of lengths.entries()) header.writeUInt32BE(length, 4 + 4 * axis);
  return header;
}
