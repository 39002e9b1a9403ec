import { MAX_PICTURE_BYTES, PictureError } from './decode.ts';

const DATA_URL = /^data:(?<type>[^,;]*)(?<options>[^,]*),/;
const BASE64 = /^[\w+/-]+={0,2}$/;

/** The file that base64, or a data URL of it, stands for. @throws PictureError for other text */
export function pictureOfText(text: string): Buffer {
  const { type, options } = DATA_URL.exec(text.slice(0, 100))?.groups ?? {};
  if (type !== undefined && !options!.endsWith(';base64'))
    throw new PictureError('is a data URL without “;base64”');
  const code = text.slice(type === undefined ? 0 : text.indexOf(',') + 1).trimEnd();
  if (!BASE64.test(code)) throw new PictureError('isn’t base64');
  if (code.length > (MAX_PICTURE_BYTES / 3) * 4)
    throw new PictureError(`has more than ${MAX_PICTURE_BYTES} bytes`);
  return Buffer.from(code, 'base64');
}
