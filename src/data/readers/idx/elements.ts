import type { NumberKind, Numbers } from '../arrays.ts';

/** One kind of number in an IDX file: what it is called, and how its big-endian bytes are read. */
export interface Element extends NumberKind {
  readonly bytes: number;
  /** @param content whole elements */
  decode(content: Buffer): Numbers;
}

/** By the type code, the third byte of an IDX file. */
export const ELEMENTS: ReadonlyMap<number, Element> = new Map([
  [0x08, element('uint8', Uint8Array, () => {})],
  [0x09, element('int8', Int8Array, () => {})],
  [0x0b, element('int16', Int16Array, (content) => content.swap16())],
  [0x0c, element('int32', Int32Array, (content) => content.swap32())],
  [0x0d, element('float32', Float32Array, (content) => content.swap32())],
  [0x0e, element('float64', Float64Array, (content) => content.swap64())],
]);

interface ArrayType {
  readonly BYTES_PER_ELEMENT: number;
  new (count: number): Numbers;
}

function element(name: string, Type: ArrayType, swap: (content: Buffer) => void): Element {
  return {
    name,
    bytes: Type.BYTES_PER_ELEMENT,
    integer: !name.startsWith('float'),
    make: (count) => new Type(count),
    decode(content) {
      const numbers = new Type(content.length / Type.BYTES_PER_ELEMENT);
      const bytes = Buffer.from(numbers.buffer);
      content.copy(bytes);
      // Typed arrays have the machine's order, which is little-endian wherever Node runs.
      swap(bytes);
      return numbers;
    },
  };
}
