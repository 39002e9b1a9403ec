import { open as openFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, fromFdPromise, openPromise, type ZipFile } from 'yauzl';
import { DataError, quotedPath } from '../../data-error.ts';

/** What an archive may hold, so that no file can fill the memory, whatever it unzips to. */
const MAX_ENTRIES = 100_000;
const MAX_NAME_LENGTH = 1_000;

const LOCAL_HEADER = 'PK\u0003\u0004';
const END_OF_EMPTY_ARCHIVE = 'PK\u0005\u0006';
const STORED = 0;
const DEFLATED = 8;

/** A file in an archive. */
export interface ArchivedFile {
  /** With the folders that it lies in, parted by `/`. */
  readonly name: string;
  /** Unzipped. */
  readonly bytes: number;
  readonly compressedBytes: number;
  readonly isDeflated: boolean;
  readonly crc32: number;
  /** Where the archive has it. */
  readonly headerAt: number;
}

/**
 * A ZIP archive on the disk, whose files are read in any order and never written anywhere. What unzips to another
 * size or checksum than its directory says is refused.
 */
export class Archive {
  readonly files: readonly ArchivedFile[];
  private readonly zip: ZipFile;

  private constructor(zip: ZipFile, files: readonly ArchivedFile[]) {
    this.zip = zip;
    this.files = files;
  }

  /**
   * @param maxBytes what all files may have together once they are unzipped
   * @throws DataError for what is no ZIP, is damaged, encrypted or too large, or has a file twice
   */
  static async open(path: string, maxBytes: number): Promise<Archive> {
    await checkMagic(path);
    const zip = await openPromise(path, { autoClose: false }).catch(refuse);
    try {
      return new Archive(zip, await listFiles(zip, maxBytes));
    } catch (error) {
      zip.close();
      return refuse(error);
    }
  }

  /**
   * Of a file that is open already, and that its owner closes. Whoever unpacks it counts the bytes.
   * @throws DataError as above
   */
  static async of(descriptor: number): Promise<Archive> {
    const zip = await fromFdPromise(descriptor, { autoClose: false }).catch(refuse);
    return new Archive(zip, await listFiles(zip, Number.POSITIVE_INFINITY).catch(refuse));
  }

  /** The whole of a file. @throws DataError where it is larger than `maxBytes`, or damaged */
  async read(file: ArchivedFile, maxBytes: number): Promise<Buffer> {
    if (file.bytes > maxBytes)
      throw new DataError(`${quotedPath(file.name)} has ${file.bytes} bytes, and ${maxBytes} are the most`);
    const chunks: Buffer[] = [];
    for await (const chunk of this.stream(file)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  /** A file as it is unzipped, chunk by chunk. @throws DataError where it is damaged */
  async *stream(file: ArchivedFile): AsyncGenerator<Buffer> {
    let checksum = 0;
    try {
      for await (const chunk of await this.open(file)) {
        checksum = crc32(chunk as Buffer, checksum);
        yield chunk as Buffer;
      }
    } catch (error) {
      refuse(error, file.name);
    }
    if (checksum !== file.crc32)
      throw new DataError(`${quotedPath(file.name)} is damaged: its checksum is wrong`);
  }

  close(): void {
    this.zip.close();
  }

  /** By its place, so that nothing but that is kept of an entry. */
  private async open({ headerAt, bytes, compressedBytes, isDeflated }: ArchivedFile): Promise<Readable> {
    const entry = { relativeOffsetOfLocalHeader: headerAt, compressedSize: compressedBytes } as Entry;
    const { fileDataStart } = await this.zip.readLocalFileHeaderPromise(entry, { minimal: true });
    return new Promise((resolve, reject) => {
      this.zip.openReadStreamLowLevel(
        fileDataStart,
        compressedBytes,
        0,
        compressedBytes,
        isDeflated,
        bytes,
        (error, stream) => (error ? reject(error) : resolve(stream)),
      );
    });
  }
}

async function checkMagic(path: string): Promise<void> {
  const file = await openFile(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(4), 0, 4, 0);
    const magic = buffer.toString('latin1', 0, bytesRead);
    if (magic === END_OF_EMPTY_ARCHIVE) throw new DataError('the ZIP file is empty');
    if (magic !== LOCAL_HEADER) throw new DataError('the file isn’t a ZIP file: it must begin with “PK”');
  } finally {
    await file.close();
  }
}

async function listFiles(zip: ZipFile, maxBytes: number): Promise<ArchivedFile[]> {
  if (zip.entryCount > MAX_ENTRIES)
    throw new DataError(`the ZIP file has ${zip.entryCount} entries, and ${MAX_ENTRIES} are the most`);
  const files = new Map<string, ArchivedFile>();
  let promised = 0;
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith('/')) continue;
    checkEntry(entry);
    if (files.has(entry.fileName))
      throw new DataError(`${quotedPath(entry.fileName)} stands twice in the ZIP file`);
    promised += entry.uncompressedSize;
    if (promised > maxBytes)
      throw new DataError(`the ZIP file unzips to more than the ${maxBytes} bytes that a data set may have`);
    files.set(entry.fileName, archivedFile(entry));
  }
  return [...files.values()];
}

function checkEntry(entry: Entry): void {
  const { fileName, compressionMethod } = entry;
  if (fileName.length > MAX_NAME_LENGTH)
    throw new DataError(`${quotedPath(fileName)} is a name of more than ${MAX_NAME_LENGTH} characters`);
  if (entry.isEncrypted()) throw new DataError(`${quotedPath(fileName)} is encrypted`);
  if (compressionMethod !== STORED && compressionMethod !== DEFLATED)
    throw new DataError(
      `${quotedPath(fileName)} is compressed by the method ${compressionMethod}; store it, or deflate it`,
    );
}

function archivedFile(entry: Entry): ArchivedFile {
  return {
    name: entry.fileName,
    bytes: entry.uncompressedSize,
    compressedBytes: entry.compressedSize,
    isDeflated: entry.compressionMethod === DEFLATED,
    crc32: entry.crc32,
    headerAt: entry.relativeOffsetOfLocalHeader,
  };
}

/** What the reader or zlib says of an archive; a fault of the disk passes through. */
function refuse(error: unknown, name?: string): never {
  if (error instanceof DataError || !(error instanceof Error)) throw error;
  if ('syscall' in error) throw error;
  const what = name === undefined ? 'the ZIP file' : quotedPath(name);
  throw new DataError(`${what} is damaged: ${error.message}`);
}
