import { crc32, deflateRawSync } from 'node:zlib';

/** Writes ZIP archives, for tests to read; also such as lie. */

export interface ZipEntry {
  readonly name: string;
  readonly content: Buffer;
  readonly stored?: boolean;
  /** What the directory says instead of the truth. */
  readonly lies?: Partial<Record<'bytes' | 'crc32' | 'method' | 'flags', number>>;
}

const UTF8 = 0x800;

/** @param promised how many entries the archive says that it has, by ZIP64 */
export function zipFile(entries: readonly ZipEntry[], promised?: number): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const name = Buffer.from(entry.name);
    const data = entry.stored ? entry.content : deflateRawSync(entry.content);
    const facts = factsOf(entry, data.length, name.length);
    const file = Buffer.concat([header(0x04034b50, 30, facts), name, data]);
    directory.push(directoryHeader(facts, offset), name);
    files.push(file);
    offset += file.length;
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listed.length, 12);
  end.writeUInt32LE(offset, 16);
  const end64 = promised === undefined ? [] : [zip64End(promised, offset, offset + listed.length)];
  return Buffer.concat([...files, listed, ...end64, end]);
}

/** The newer end of a directory, and what points to it. */
function zip64End(count: number, directoryAt: number, at: number): Buffer {
  const bytes = Buffer.alloc(56 + 20);
  bytes.writeUInt32LE(0x06064b50, 0);
  bytes.writeBigUInt64LE(BigInt(count), 32);
  bytes.writeBigUInt64LE(BigInt(directoryAt), 48);
  bytes.writeUInt32LE(0x07064b50, 56);
  bytes.writeBigUInt64LE(BigInt(at), 64);
  return bytes;
}

function factsOf({ content, stored, lies }: ZipEntry, compressedBytes: number, nameLength: number) {
  return {
    flags: UTF8,
    method: stored ? 0 : 8,
    crc32: crc32(content),
    compressedBytes,
    bytes: content.length,
    nameLength,
    ...lies,
  };
}
type Facts = ReturnType<typeof factsOf>;

function header(signature: number, length: number, facts: Facts): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32LE(signature, 0);
  // A directory's header says by whom it was made, before the rest.
  const start = length === 30 ? 4 : 6;
  bytes.writeUInt16LE(20, start);
  bytes.writeUInt16LE(facts.flags, start + 2);
  bytes.writeUInt16LE(facts.method, start + 4);
  bytes.writeUInt32LE(facts.crc32, start + 10);
  bytes.writeUInt32LE(facts.compressedBytes, start + 14);
  bytes.writeUInt32LE(facts.bytes, start + 18);
  bytes.writeUInt16LE(facts.nameLength, start + 22);
  return bytes;
}

function directoryHeader(facts: Facts, offset: number): Buffer {
  const bytes = header(0x02014b50, 46, facts);
  bytes.writeUInt32LE(offset, 42);
  return bytes;
}

/** A ZIP of files by their names, deflated or stored. */
export function zipOf(files: Readonly<Record<string, Uint8Array | string>>, deflated = true): Buffer {
  return zipFile(
    Object.entries(files).map(([name, content]) => ({
      name,
      content: Buffer.from(content as Uint8Array),
      stored: !deflated,
    })),
  );
}
