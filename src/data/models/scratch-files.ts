import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of an upload, to be read from anywhere. */
export interface StoredFile {
  readonly bytes: number;
  /** @throws RangeError past its end */
  read(start: number, length: number): Promise<Buffer>;
}

/** One that is a file on the disk by itself, with its descriptor for libraries that read files themselves. */
export interface OwnFile extends StoredFile {
  readonly descriptor: number;
}

type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** More bytes than are allowed. */
export class ScratchFullError extends Error {
  override readonly name = 'ScratchFullError';
}

/** So many bytes may still be written. */
export class ByteBudget {
  #left: number;

  constructor(bytes: number) {
    this.#left = bytes;
  }

  /** @throws ScratchFullError */
  take(bytes: number): void {
    this.#left -= bytes;
    if (this.#left < 0) throw new ScratchFullError('more bytes than are allowed');
  }
}

/**
 * Files without a name: each is removed from its folder as soon as it is open, and its space comes back when it is
 * closed, or when the process dies.
 */
export class ScratchFiles {
  readonly #folder: string;
  readonly #open: FileHandle[] = [];
  #shared: FileHandle | undefined;
  #sharedBytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws ScratchFullError */
  async keep(source: Source, budget: ByteBudget): Promise<OwnFile> {
    const file = await this.#create();
    const bytes = await writeAll(source, file, 0, budget);
    return { ...storedFile(file, 0, bytes), descriptor: file.fd };
  }

  /**
   * Keeps it in one file with all others of its kind, one after another: there may be thousands of them, and a
   * process has only so many descriptors.
   * @throws ScratchFullError
   */
  async append(source: Source, budget: ByteBudget): Promise<StoredFile> {
    this.#shared ??= await this.#create();
    const start = this.#sharedBytes;
    const bytes = await writeAll(source, this.#shared, start, budget);
    this.#sharedBytes += bytes;
    return storedFile(this.#shared, start, bytes);
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((file) => file.close()));
  }

  async #create(): Promise<FileHandle> {
    await mkdir(this.#folder, { recursive: true });
    const path = join(this.#folder, randomUUID());
    const file = await open(path, 'wx+', 0o600);
    this.#open.push(file);
    await rm(path);
    return file;
  }
}

/** @returns how many bytes there were */
async function writeAll(
  source: Source,
  file: FileHandle,
  position: number,
  budget: ByteBudget,
): Promise<number> {
  let bytes = 0;
  for await (const chunk of source) {
    budget.take(chunk.byteLength);
    await writeWhole(file, chunk, position + bytes);
    bytes += chunk.byteLength;
  }
  return bytes;
}

async function writeWhole(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    done += (await file.write(chunk, done, chunk.byteLength - done, position + done)).bytesWritten;
  }
}

function storedFile(file: FileHandle, first: number, bytes: number): StoredFile {
  return {
    bytes,
    async read(start, length) {
      if (start < 0 || length < 0 || start + length > bytes) throw new RangeError('past the end of the file');
      const buffer = Buffer.allocUnsafeSlow(length);
      for (let done = 0; done < length; ) {
        done += (await file.read(buffer, done, length - done, first + start + done)).bytesRead;
      }
      return buffer;
    },
  };
}
