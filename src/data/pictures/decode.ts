import sharp, { type Metadata, type Sharp } from 'sharp';
import type { PictureShape } from '../../spec/picture.ts';

/** Bounds on one picture: a file of a few bytes can promise to fill the memory. */
export const MAX_PICTURE_BYTES = 32 * 1024 * 1024;
const MAX_PICTURE_PIXELS = 50_000_000;
/** Interlaced and progressive pictures are held whole while they are decoded, others a few rows at a time. */
const MAX_HELD_BYTES = 192 * 1024 * 1024;

const MAGIC = [Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.from([0xff, 0xd8, 0xff])];
/** So small a picture is cheap to make, and makes its decoder go through all of the file. */
const PROBE = { height: 8, width: 8, channels: 3, fit: 'fill' } as const;

// Every picture is decoded once: a cache would only keep memory.
sharp.cache(false);
// Several are decoded at once, so a thread for each is enough.
sharp.concurrency(1);

/** A picture that can't be taken; the message goes on where its name ends. */
export class PictureError extends Error {
  override readonly name = 'PictureError';
}

export interface PictureFacts {
  /** As it is looked at: turned as its camera says. */
  readonly height: number;
  readonly width: number;
  readonly isGrey: boolean;
}

/**
 * Looks at a PNG or JPEG without decoding it.
 * @throws PictureError for another format, for a damaged header, for one with more than 50 million pixels, and for one
 * that comes in several passes and would fill too much memory
 */
export async function measurePicture(content: Buffer): Promise<PictureFacts> {
  if (!MAGIC.some((magic) => content.subarray(0, magic.length).equals(magic)))
    throw new PictureError('is neither a PNG nor a JPEG');
  const metadata = await open(content).metadata().catch(refuse);
  if (heldBytes(metadata) > MAX_HELD_BYTES)
    throw new PictureError('is too large to be interlaced or progressive; save it without');
  const { autoOrient, space } = metadata;
  return { ...autoOrient, isGrey: space === 'b-w' || space === 'grey16' };
}

/** What its decoder keeps: pixels of a PNG, coefficients of two bytes of a JPEG. */
function heldBytes({ isProgressive, width, height, channels, depth, format }: Metadata): number {
  if (!isProgressive) return 0;
  return width * height * channels * (format === 'jpeg' || depth === 'ushort' ? 2 : 1);
}

/** What `measurePicture` finds, once the whole picture was decoded. @throws PictureError for a damaged one too */
export async function inspectPicture(content: Buffer): Promise<PictureFacts> {
  const facts = await measurePicture(content);
  await decode(content, PROBE);
  return facts;
}

/**
 * Decodes a PNG or JPEG to bytes of a shape. It is turned as its EXIF orientation says, and what is transparent
 * lies on white; 16 bits become 8, and other colour spaces sRGB.
 * @returns [height × width × channels]
 * @throws PictureError
 */
export async function decodePicture(content: Buffer, shape: PictureShape): Promise<Uint8Array> {
  await measurePicture(content);
  return decode(content, shape);
}

function decode(content: Buffer, { height, width, channels, fit }: PictureShape): Promise<Uint8Array> {
  return open(content)
    .autoOrient()
    .flatten({ background: '#fff' })
    .resize(width, height, { fit, background: '#000' })
    .toColourspace(channels === 1 ? 'b-w' : 'srgb')
    .raw({ depth: 'uchar' })
    .toBuffer()
    .catch(refuse);
}

function open(content: Buffer): Sharp {
  return sharp(content, { limitInputPixels: MAX_PICTURE_PIXELS, failOn: 'error', sequentialRead: true });
}

function refuse(error: Error): never {
  if (error.message.includes('exceeds pixel limit'))
    throw new PictureError(`has more than ${MAX_PICTURE_PIXELS} pixels`);
  // The first line names the fault; what follows is what led to it.
  throw new PictureError(`can’t be decoded: ${error.message.split('\n')[0]}`);
}
