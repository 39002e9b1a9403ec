/**
 * The safetensors format (huggingface/safetensors): eight bytes of header length, a JSON header that gives each
 * tensor's dtype, shape and byte range, then the tensors, little-endian. Ours are all float32. Text of our own
 * travels in `__metadata__`.
 */

export interface NamedArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
export type NamedArrays = Readonly<Record<string, NamedArray>>;

export interface SafetensorsFile {
  readonly tensors: NamedArrays;
  readonly metadata: Readonly<Record<string, string>>;
}

/** A file that is not what it claims to be. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
}

const MAX_HEADER_BYTES = 100_000_000;

export function encodeSafetensors({ tensors, metadata }: SafetensorsFile): Uint8Array {
  const names = tensorOrder(tensors);
  const bodies = names.map((name) => bytesOf(tensors[name]!.data));
  return Buffer.concat([safetensorsHead(tensors, metadata), ...bodies]);
}

/** What a file begins with; its tensors follow in `tensorOrder`, as `bytesOf` each, and nothing else. */
export function safetensorsHead(
  tensors: Readonly<Record<string, Pick<NamedArray, 'shape'>>>,
  metadata: SafetensorsFile['metadata'],
): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const name of tensorOrder(tensors)) {
    const { shape } = tensors[name]!;
    const end = offset + 4 * shape.reduce((product, n) => product * n, 1);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, end] };
    offset = end;
  }
  const json = Buffer.from(JSON.stringify(header));
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const head = Buffer.alloc(8 + headerBytes, ' ');
  head.writeBigUInt64LE(BigInt(headerBytes), 0);
  json.copy(head, 8);
  return head;
}

/** The names in the order in which the tensors stand in a file. */
export function tensorOrder(tensors: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(tensors).sort();
}

export function bytesOf({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** @throws SafetensorsError for a truncated or otherwise broken file; nothing of it is trusted */
export function decodeSafetensors(file: Uint8Array): SafetensorsFile {
  if (file.byteLength < 8) throw new SafetensorsError('the file is shorter than its header');
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerBytes = Number(view.getBigUint64(0, true));
  if (headerBytes > Math.min(MAX_HEADER_BYTES, file.byteLength - 8))
    throw new SafetensorsError('the header is cut off');
  const { __metadata__: metadata = {}, ...entries } = parseHeader(file.subarray(8, 8 + headerBytes));
  const body = file.subarray(8 + headerBytes);
  const tensors = Object.entries(entries).map(
    ([name, entry]) => [name, readTensor(name, entry, body)] as const,
  );
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    throw new SafetensorsError('the header is not JSON');
  }
}

function readTensor(name: string, entry: unknown, body: Uint8Array): NamedArray {
  const {
    dtype,
    shape,
    data_offsets: offsets,
  } = entry as { dtype: string; shape: number[]; data_offsets: [number, number] };
  const [start, end] = offsets ?? [];
  const count = Array.isArray(shape) ? shape.reduce((product, n) => product * n, 1) : Number.NaN;
  if (dtype !== 'F32') throw new SafetensorsError(`tensor ${name} is ${dtype}; only F32 is read`);
  if (!(start >= 0 && end <= body.byteLength && end - start === count * 4)) {
    throw new SafetensorsError(`tensor ${name} doesn’t lie within the file`);
  }
  // A copy, since a Float32Array must start at a multiple of four bytes; Buffer.slice would make none.
  return { shape, data: new Float32Array(new Uint8Array(body.subarray(start, end)).buffer) };
}
