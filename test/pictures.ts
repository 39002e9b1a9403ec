import { crc32 } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { ZipEntry } from './zip.ts';

/** Pictures for tests, made when they are needed. */

type Colour = readonly [number, number, number];

export interface Plain {
  readonly height: number;
  readonly width: number;
  readonly colour?: Colour;
}

/** A picture of one colour. */
export function plain({ height, width, colour = [200, 30, 90] }: Plain): Sharp {
  const [r, g, b] = colour;
  return sharp({ create: { height, width, channels: 3, background: { r, g, b } } });
}

/** A picture of these pixels, [height × width × channels]. */
export function drawn(
  values: readonly number[],
  height: number,
  width: number,
  channels: 1 | 2 | 3 | 4,
): Sharp {
  const picture = sharp(Uint8Array.from(values), { raw: { height, width, channels } });
  return channels < 3 ? picture.toColourspace('b-w') : picture;
}

/** Two pictures of each class, all of one size, as the entries of a ZIP. */
export async function classFolders(
  classes: readonly string[],
  size: Plain = { height: 4, width: 6 },
): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  for (const [i, name] of classes.entries()) {
    for (const end of ['png', 'jpg'] as const) {
      const picture = plain({ colour: [40 * i, 200, 90], ...size });
      const content = await (end === 'png' ? picture.png() : picture.jpeg()).toBuffer();
      entries.push({ name: `${name}/${i}.${end}`, content });
    }
  }
  return entries;
}

/** A PNG that promises so many pixels and has none of them. */
export async function promisedPng(height: number, width: number): Promise<Buffer> {
  const png = await plain({ height: 1, width: 1 }).png().toBuffer();
  // The header's chunk begins at 12 with its type; width and height follow, and its checksum is at 29.
  png.writeUInt32BE(width, 16);
  png.writeUInt32BE(height, 20);
  png.writeUInt32BE(crc32(png.subarray(12, 29)), 29);
  return png;
}
