import { randomUUID } from 'node:crypto';
import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of an upload, to be read from anywhere. */
export interface StoredFile {
  readonly bytes: number;
  /** Its descriptor, for libraries that read files themselves. */
  readonly descriptor: number;
  /** @throws RangeError past its end */
  read(start: number, length: number): Promise<Buffer>;
}

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

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws ScratchFullError */
  async keep(
    source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    budget: ByteBudget,
  ): Promise<StoredFile> {
    const file = await this.#create();
    let bytes = 0;
    for await (const chunk of source) {
      budget.take(chunk.byteLength);
      await writeWhole(file, chunk, bytes);
      bytes += chunk.byteLength;
    }
    return storedFile(file, bytes);
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

async function writeWhole(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.byteLength; ) {
    done += (await file.write(chunk, done, chunk.byteLength - done, position + done)).bytesWritten;
  }
}

function storedFile(file: FileHandle, bytes: number): StoredFile {
  return {
    bytes,
    descriptor: file.fd,
    async read(start, length) {
      if (start < 0 || length < 0 || start + length > bytes) throw new RangeError('past the end of the file');
      const buffer = Buffer.allocUnsafeSlow(length);
      for (let done = 0; done < length; ) {
        done += (await file.read(buffer, done, length - done, start + done)).bytesRead;
      }
      return buffer;
    },
  };
}
