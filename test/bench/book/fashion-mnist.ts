import { createReadStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FORMATS } from '../../../src/data/formats/index.ts';
import type { DatasetSchema } from '../../../src/spec/dataset.ts';

/** Where Debian's package `dataset-fashion-mnist` puts it (Expat licence). */
const DEBIAN = '/usr/share/datasets/fashion-mnist';
const MOST_BYTES = 100_000_000;

/** The book validates on the last of the 60,000 training examples. */
const VALIDATED = 5_000;
const IMAGE_BYTES = 28 * 28;

export interface Dataset {
  readonly path: string;
  readonly format: 'idx';
  readonly schema: DatasetSchema;
}

/**
 * Fashion-MNIST as one data set of three parts, divided as in the book: 55,000 examples to train on, 5,000 to
 * validate on, and the 10,000 that only test.
 * @param folder where its four `.gz` files are; Debian's when left out
 */
export async function bringFashionMnist(target: string, folder = DEBIAN): Promise<Dataset> {
  const read = async (name: string) => gunzipSync(await readFile(join(folder, name)));
  const images = divided(await read('train-images-idx3-ubyte.gz'), 16, IMAGE_BYTES);
  const labels = divided(await read('train-labels-idx1-ubyte.gz'), 8, 1);
  const test = [await read('t10k-images-idx3-ubyte.gz'), await read('t10k-labels-idx1-ubyte.gz')];
  await mkdir(target, { recursive: true });
  const path = join(target, 'fashion-mnist.idx');
  await writeFile(path, Buffer.concat([images[0], labels[0], images[1], labels[1], ...test]));
  const schema = await FORMATS.idx.inferSchema(createReadStream(path), { maxBytes: MOST_BYTES });
  return { path, format: 'idx', schema };
}

/** An IDX file as two: its last rows apart. */
function divided(file: Buffer, headerBytes: number, rowBytes: number): [Buffer, Buffer] {
  const count = file.readUInt32BE(4);
  const part = (from: number, to: number) => {
    const header = Buffer.from(file.subarray(0, headerBytes));
    header.writeUInt32BE(to - from, 4);
    return Buffer.concat([header, file.subarray(headerBytes + from * rowBytes, headerBytes + to * rowBytes)]);
  };
  return [part(0, count - VALIDATED), part(count - VALIDATED, count)];
}
