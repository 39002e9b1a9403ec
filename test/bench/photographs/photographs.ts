import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { ZipEntry } from '../../zip.ts';

/**
 * Photographs of Tux Paint: things cut out of their ground, each one of a kind. Where Debian's package
 * `tuxpaint-stamps-default` puts them (GPL-2).
 */
export const DEBIAN = '/usr/share/tuxpaint/stamps';
/** Drawings, and photographs of toys. */
const UNWANTED = /\/(cartoon|toys|plastic)\/|hedgehog/;
const SIDE = 256;

/** Classes with the folders that hold their pictures, those within them too. */
export type Classes = Readonly<Record<string, string>>;

/** A file in a folder for each class. Each picture lies on white and fills a square, as far as its ratio lets it. */
export async function findPhotographs(classes: Classes, folder: string): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  for (const [label, name] of Object.entries(classes)) {
    for (const [i, path] of photographsIn(join(folder, name)).entries()) {
      const picture = sharp(path).flatten({ background: '#fff' });
      const square = picture.resize(SIDE, SIDE, { fit: 'contain', background: '#fff' });
      entries.push({ name: `${label}/${i}.png`, content: await square.png().toBuffer() });
    }
  }
  return entries;
}

function photographsIn(folder: string): string[] {
  if (!existsSync(folder))
    throw new Error(
      `${folder} isn’t there: apt-get install tuxpaint-stamps-default, or say --photographs FOLDER`,
    );
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.png') && !UNWANTED.test(path))
    .sort();
}
