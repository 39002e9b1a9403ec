import { isOfBytes, type TensorEncoding } from '../spec/preprocess.ts';
import { size } from '../spec/shapes.ts';
import { tensorEncoder } from './encoding.ts';
import { describeValue, type Fault, type InputValue, type PlacedColumn } from './input-value.ts';
import { decodePicture, measurePicture, PictureError } from './pictures/decode.ts';
import { pictureOfText } from './pictures/from-text.ts';

/**
 * Writes a tensor that comes as nested lists of numbers, in the file's own units: 0 … 255 for bytes. An axis of 1
 * at the end may be left out: a 28 × 28 × 1 picture may come as 28 lists of 28 numbers. A picture may come as a
 * PNG or JPEG in base64, too.
 */
export function tensorWriter(encoding: TensorEncoding, offset: number): PlacedColumn['write'] {
  const { shape } = encoding;
  const numbers = new Float64Array(size(shape));
  const encode = tensorEncoder(encoding);
  const decode = pictureDecoder(encoding);
  const writePicture = async (text: string, row: Float32Array): Promise<Fault | undefined> => {
    try {
      encode(await decode!(text), 0, row, offset);
      return undefined;
    } catch (error) {
      if (error instanceof PictureError) return { at: [], message: `the picture ${error.message}` };
      throw error;
    }
  };
  return (value, row) => {
    if (typeof value === 'string' && decode) return writePicture(value, row);
    const fault = flatten(value, shape, numbers);
    if (fault) return fault;
    return encode(numbers, 0, row, offset)
      ? undefined
      : { at: [], message: 'it has a number that is too large' };
  };
}

/**
 * Brings a picture in base64 to the bytes that the model takes, as those that it was trained on were. Where these
 * came in one shape, it must have it. Undefined where the model takes no pictures of bytes.
 */
function pictureDecoder(encoding: TensorEncoding): ((text: string) => Promise<Uint8Array>) | undefined {
  const [height, width, channels] = encoding.shape;
  if (!isOfBytes(encoding) || encoding.shape.length !== 3) return undefined;
  if (channels !== 1 && channels !== 3) return undefined;
  const { fit } = encoding;
  const shape = { height: height!, width: width!, channels, fit: fit ?? 'fill' } as const;
  return async (text) => {
    const content = pictureOfText(text);
    const is = await measurePicture(content);
    if (fit === undefined && (is.height !== height || is.width !== width))
      throw new PictureError(
        `has ${is.height} × ${is.width} pixels, and the model takes ${height} × ${width}: it was trained without resizing`,
      );
    return decodePicture(content, shape);
  };
}

/** Writes nested lists out one number after another; answers the first place where they don't have the shape. */
function flatten(value: InputValue, shape: readonly number[], numbers: Float64Array): Fault | undefined {
  const at: number[] = [];
  const fault = (message: string): Fault => ({ at: [...at], message });
  let next = 0;

  function visit(part: InputValue): Fault | undefined {
    const expected = shape[at.length];
    if (expected === undefined || (typeof part === 'number' && isLastAxisOfOne())) return take(part);
    if (!Array.isArray(part) || part.length !== expected)
      return fault(`${listOf(at.length)} is expected here, and this is ${describeValue(part)}`);
    for (const [i, each] of part.entries()) {
      at.push(i);
      const found = visit(each);
      if (found) return found;
      at.pop();
    }
    return undefined;
  }

  function take(part: InputValue): Fault | undefined {
    if (typeof part !== 'number' || !Number.isFinite(part))
      return fault(`a finite number is expected here, and this is ${describeValue(part)}`);
    numbers[next++] = part;
    return undefined;
  }

  const isLastAxisOfOne = () => at.length > 0 && at.length === shape.length - 1 && shape.at(-1) === 1;

  /** `a list of 28 × 28 × 1`, or what is left of the shape at this depth. */
  const listOf = (depth: number) => `a list of ${shape.slice(depth).join(' × ')}`;

  return visit(value);
}
