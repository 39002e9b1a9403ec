/** Writes IDX files, for tests to read. */

const WRITERS = {
  8: [1, (bytes: Buffer, value: number, at: number) => bytes.writeUInt8(value, at)],
  9: [1, (bytes: Buffer, value: number, at: number) => bytes.writeInt8(value, at)],
  11: [2, (bytes: Buffer, value: number, at: number) => bytes.writeInt16BE(value, at)],
  12: [4, (bytes: Buffer, value: number, at: number) => bytes.writeInt32BE(value, at)],
  13: [4, (bytes: Buffer, value: number, at: number) => bytes.writeFloatBE(value, at)],
  14: [8, (bytes: Buffer, value: number, at: number) => bytes.writeDoubleBE(value, at)],
} as const;
export type TypeCode = keyof typeof WRITERS;

/** @param dimensions of the header; they may promise what the numbers don't hold */
export function idxFile(
  dimensions: readonly number[],
  numbers: readonly number[],
  code: TypeCode = 0x08,
): Buffer {
  const [width, write] = WRITERS[code];
  const content = Buffer.alloc(numbers.length * width);
  for (const [i, number] of numbers.entries()) write(content, number, i * width);
  return Buffer.concat([idxHeader(code, dimensions), content]);
}

export function idxHeader(code: number, dimensions: readonly number[]): Buffer {
  const header = Buffer.alloc(4 + 4 * dimensions.length);
  header.writeUInt8(code, 2);
  header.writeUInt8(dimensions.length, 3);
  for (const [i, dimension] of dimensions.entries()) header.writeUInt32BE(dimension, 4 + 4 * i);
  return header;
}
