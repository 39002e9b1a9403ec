import sharp from 'sharp';
import type { Channels } from '../../spec/dataset.ts';

/** Bytes as a PNG. @param values [height × width × channels] */
export function encodePng(
  values: Uint8Array,
  { height, width, channels }: { height: number; width: number; channels: Channels },
): Promise<Buffer> {
  const picture = sharp(values, { raw: { height, width, channels } });
  return picture
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .png()
    .toBuffer();
}
