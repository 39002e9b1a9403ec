import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import {
  access,
  chmod,
  copyFile,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { diskFull, isDiskFull, TrainyardError } from '../../jobs/errors.ts';
import type { BlobStore, StoredBlob } from '../../jobs/ports.ts';

const KEY = /^[0-9a-f]{64}$/;
const FOLDER = /^[0-9a-f]{2}$/;
/** Enough to need room on the disk: file systems keep a few bytes beside a file's name. */
const PROBE = new Uint8Array(4096);
/** Only the service reads and writes its blobs, whatever mode a file came with. */
const MODE = 0o600;
/** A file that is being written has a younger time than this. */
const ABANDONED_MS = 3_600_000;

/**
 * Blobs as files `<directory>/<first two digits>/<sha256>`. A file is written under a temporary name on the
 * same file system, brought to the disk, and renamed: a key either has its whole content or doesn't exist.
 * The same content twice is one file. Several processes may use the directory at once.
 */
export function createDiskBlobs(options: { directory: string }): BlobStore {
  const directory = resolve(options.directory);
  const workshop = join(directory, 'tmp');
  mkdirSync(workshop, { recursive: true });
  sweep(workshop);

  const pathOf = (key: string): string => {
    if (!KEY.test(key)) throw new TrainyardError('notFound', 'There is no blob with this key.');
    return join(directory, key.slice(0, 2), key);
  };

  const keep = async (temporary: string, key: string): Promise<void> => {
    const path = pathOf(key);
    await mkdir(dirname(path), { recursive: true });
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  };

  const withTemporary = async (fill: (path: string) => Promise<StoredBlob>): Promise<StoredBlob> => {
    const temporary = join(workshop, randomUUID());
    try {
      const blob = await fill(temporary);
      await keep(temporary, blob.key);
      return blob;
    } catch (error) {
      throw isDiskFull(error) ? diskFull(error) : error;
    } finally {
      await rm(temporary, { force: true });
    }
  };

  const put = (source: Readable, maxBytes: number) =>
    withTemporary(async (temporary) => {
      const file = await open(temporary, 'wx', MODE);
      const measured = measure(maxBytes);
      await pipeline(source, measured.through, file.createWriteStream({ flush: true }));
      return measured.blob();
    });

  return {
    put: (source, { maxBytes = Number.POSITIVE_INFINITY } = {}) => put(source, maxBytes),

    async putFile(path) {
      if (!(await lstat(path)).isFile()) throw new TypeError(`${path} isn’t a regular file`);
      return withTemporary(async (temporary) => {
        // A second name takes no room, but there is none on another file system, and on some there is none at all.
        await link(path, temporary).catch(() => copyFile(path, temporary));
        return adopt(temporary);
      });
    },

    async read(key, range) {
      const file = await open(pathOf(key)).catch(refuseUnknown);
      return file.createReadStream(range);
    },

    async localPath(key) {
      const path = pathOf(key);
      await access(path).catch(refuseUnknown);
      return path;
    },

    async delete(key) {
      if (KEY.test(key)) await rm(pathOf(key), { force: true });
    },

    async *putBefore(time) {
      for (const folder of await readdir(directory)) {
        if (!FOLDER.test(folder)) continue;
        for (const key of await readdir(join(directory, folder))) {
          const found = KEY.test(key) && (await stat(pathOf(key)).catch(() => null));
          if (found && found.mtime < time) yield key;
        }
      }
    },

    async removeUnfinished() {
      sweep(workshop);
    },

    async ping() {
      const probe = join(workshop, randomUUID());
      try {
        await writeFile(probe, PROBE, { mode: MODE });
      } finally {
        await rm(probe, { force: true });
      }
    },
  };
}

/** Hashes and counts what streams through it. */
function measure(maxBytes: number) {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    /** @throws TrainyardError tooLarge, as soon as it is */
    async *through(source: AsyncIterable<Uint8Array | string>) {
      for await (const chunk of source) {
        const content = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
        bytes += content.length;
        if (bytes > maxBytes) {
          throw new TrainyardError('tooLarge', `More than the ${maxBytes} bytes that are allowed.`);
        }
        hash.update(content);
        yield content;
      }
    },
    blob: (): StoredBlob => ({ key: hash.digest('hex'), bytes }),
  };
}

/** Makes a file that someone else wrote into ours: its mode, its time, its way to the disk, and its measure. */
async function adopt(path: string): Promise<StoredBlob> {
  await chmod(path, MODE);
  const file = await open(path, 'r+');
  try {
    // It may have waited long to be put.
    await file.utimes(new Date(), new Date());
    await file.sync();
    const measured = measure(Number.POSITIVE_INFINITY);
    for await (const _ of measured.through(file.createReadStream({ autoClose: false })));
    return measured.blob();
  } finally {
    await file.close();
  }
}

/** A renamed file is only sure to be there after a power cut once its directory is on the disk too. */
async function syncDirectory(path: string): Promise<void> {
  // Windows has no such call, and needs none.
  if (process.platform === 'win32') return;
  const directory = await open(path);
  await directory.sync().finally(() => directory.close());
}

/** Removes what a process left that was killed while it wrote. */
function sweep(workshop: string): void {
  for (const name of readdirSync(workshop)) {
    const path = join(workshop, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > ABANDONED_MS) rmSync(path, { force: true });
  }
}

function refuseUnknown(error: unknown): never {
  if (hasCode(error, 'ENOENT')) {
    throw new TrainyardError('notFound', 'There is no blob with this key.', { cause: error });
  }
  throw error;
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code;
