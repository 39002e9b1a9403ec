import type { ManifestWeight } from '../../spec/keras/weights-manifest.ts';
import { size } from '../../spec/shapes.ts';
import { fromHalf } from '../readers/half.ts';

type StoredType = 'float32' | 'int32' | 'bool' | 'float16' | 'uint8' | 'uint16';

/** How each type lies in the shards, little-endian. */
const TYPES: Readonly<Record<StoredType, { bytes: number; at: (view: DataView, at: number) => number }>> = {
  float32: { bytes: 4, at: (view, at) => view.getFloat32(at, true) },
  int32: { bytes: 4, at: (view, at) => view.getInt32(at, true) },
  bool: { bytes: 1, at: (view, at) => view.getUint8(at) },
  float16: { bytes: 2, at: (view, at) => fromHalf(view.getUint16(at, true)) },
  uint8: { bytes: 1, at: (view, at) => view.getUint8(at) },
  uint16: { bytes: 2, at: (view, at) => view.getUint16(at, true) },
};

/** How many bytes of the shards a weight takes. */
export function storedBytes({ shape, dtype, quantization }: ManifestWeight): number {
  return size(shape) * TYPES[quantization?.dtype ?? dtype].bytes;
}

/** A weight's numbers of its bytes. Quantized ones are `number · scale + min`, rounded where they were whole. */
export function decodeWeight({ shape, dtype, quantization }: ManifestWeight, bytes: Buffer): Float32Array {
  const type = TYPES[quantization?.dtype ?? dtype];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const numbers = new Float32Array(size(shape));
  for (let i = 0; i < numbers.length; i++) numbers[i] = type.at(view, i * type.bytes);
  if (!quantization || !('scale' in quantization)) return numbers;
  const { scale, min } = quantization;
  const isWhole = dtype === 'int32';
  for (let i = 0; i < numbers.length; i++) {
    const number = numbers[i]! * scale + min;
    numbers[i] = isWhole ? Math.round(number) : number;
  }
  return numbers;
}
