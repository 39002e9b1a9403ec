import { createReadStream } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FORMATS } from '../../../src/data/formats/index.ts';
import type { DatasetSchema } from '../../../src/spec/dataset.ts';

/** Where Debian's package `dataset-fashion-mnist` puts it (Expat licence). */
const DEBIAN = '/usr/share/datasets/fashion-mnist';
const MOST_BYTES = 100_000_000;

export interface Dataset {
  readonly path: string;
  readonly format: 'idx';
  readonly schema: DatasetSchema;
}

/** The set's own division: 60,000 examples to train and validate on, and 10,000 that only test. */
const PARTS = { train: ['train'], all: ['train', 't10k'] } as const;

/**
 * Fashion-MNIST as one data set: its images' and labels' files, one after another.
 * @param folder where its four `.gz` files are; Debian's when left out
 */
export async function bringFashionMnist(
  part: keyof typeof PARTS,
  target: string,
  folder = DEBIAN,
): Promise<Dataset> {
  const names = PARTS[part].flatMap((name) => [
    `${name}-images-idx3-ubyte.gz`,
    `${name}-labels-idx1-ubyte.gz`,
  ]);
  const files = await Promise.all(names.map((name) => readFile(join(folder, name))));
  await mkdir(target, { recursive: true });
  const path = join(target, `fashion-mnist-${part}.idx.gz`);
  await writeFile(path, Buffer.concat(files));
  const schema = await FORMATS.idx.inferSchema(createReadStream(path), { maxBytes: MOST_BYTES });
  return { path, format: 'idx', schema };
}
