import { DataError } from '../../data-error.ts';
import type { NumberKind, Numbers } from '../arrays.ts';
import { fromHalf } from '../half.ts';

/** One kind of number in an NPY file: how its little-endian bytes are read. */
export interface Element extends NumberKind {
  readonly bytes: number;
  /** @param content whole elements, in memory of its own. @throws DataError for a number that can't be held */
  decode(content: Buffer): Numbers;
}

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (count: number): Numbers;
  new (content: ArrayBuffer): Numbers;
}

/** By NumPy's code for them, without the byte order. */
export const ELEMENTS: ReadonlyMap<string, Element> = new Map([
  ['u1', element('uint8', Uint8Array)],
  ['i1', element('int8', Int8Array)],
  // Not bytes, which a picture's 0 … 255 are: no scale makes 0 … 1 of these.
  ['b1', element('bool', Int8Array)],
  ['u2', element('uint16', Uint16Array)],
  ['i2', element('int16', Int16Array)],
  ['u4', element('uint32', Uint32Array)],
  ['i4', element('int32', Int32Array)],
  ['f4', element('float32', Float32Array)],
  ['f8', element('float64', Float64Array)],
  ['u8', longElement('uint64', BigUint64Array)],
  ['i8', longElement('int64', BigInt64Array)],
  ['f2', halfElement()],
]);

function element(name: string, Type: ArrayType): Element {
  return {
    name,
    bytes: Type.BYTES_PER_ELEMENT,
    integer: !name.startsWith('float'),
    make: (count) => new Type(count),
    decode: (content) => new Type(memoryOf(content)),
  };
}

/** Numbers of 64 bits become doubles, which hold whole numbers up to 2⁵³. */
function longElement(
  name: string,
  Type: new (content: ArrayBuffer) => BigUint64Array | BigInt64Array,
): Element {
  return {
    name,
    bytes: 8,
    integer: true,
    make: (count) => new Float64Array(count),
    decode: (content) => Float64Array.from(new Type(memoryOf(content)) as Iterable<bigint>, exactly),
  };
}

function exactly(long: bigint): number {
  const number = Number(long);
  if (!Number.isSafeInteger(number))
    throw new DataError(`${long} is beyond 2⁵³, so it isn’t exact as a number`);
  return number;
}

function halfElement(): Element {
  return {
    name: 'float16',
    bytes: 2,
    integer: false,
    make: (count) => new Float32Array(count),
    decode: (content) => Float32Array.from(new Uint16Array(memoryOf(content)), fromHalf),
  };
}

function memoryOf(content: Buffer): ArrayBuffer {
  return content.buffer.slice(content.byteOffset, content.byteOffset + content.length) as ArrayBuffer;
}

/** Turns each element's bytes round, in place. */
export function swapBytes(content: Buffer, bytes: number): void {
  if (bytes === 2) content.swap16();
  else if (bytes === 4) content.swap32();
  else if (bytes === 8) content.swap64();
}
