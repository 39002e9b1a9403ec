import type { Entry, ZipFile } from 'yauzl';
import { refusal } from './import-error.ts';
import type { ByteBudget, ScratchFiles, StoredFile } from './scratch-files.ts';
import { ScratchFullError } from './scratch-files.ts';

const MOST_ENTRIES = 10_000;

/** The names of an archive's files, and each unpacked when it is asked for. */
export interface Archive {
  readonly names: readonly string[];
  /** @throws ImportError, ScratchFullError */
  unpack(name: string): Promise<StoredFile>;
}

/**
 * @param place of the archive in the upload
 * @param budget for what is unpacked: a few bytes may become many
 * @throws ImportError for what is no whole ZIP
 */
export async function openZip(
  file: StoredFile,
  place: readonly string[],
  scratch: ScratchFiles,
  budget: ByteBudget,
): Promise<Archive> {
  const damaged = (error: unknown) => refusal(place, `the ZIP can’t be read: ${(error as Error).message}`);
  const { fromFdPromise } = await import('yauzl');
  const zip = await fromFdPromise(file.descriptor, { autoClose: false, lazyEntries: true }).catch((error) => {
    throw damaged(error);
  });
  const entries = await entriesOf(zip, place).catch((error) => {
    throw error instanceof Error && error.name === 'ImportError' ? error : damaged(error);
  });
  return {
    names: [...entries.keys()],
    async unpack(name) {
      try {
        return await scratch.keep(await zip.openReadStreamPromise(entries.get(name)!), budget);
      } catch (error) {
        throw error instanceof ScratchFullError ? error : damaged(error);
      }
    },
  };
}

/** By name; folders are left out. Names that lead out of the archive are refused by the reader. */
async function entriesOf(zip: ZipFile, place: readonly string[]): Promise<Map<string, Entry>> {
  if (zip.entryCount > MOST_ENTRIES) throw refusal(place, `the ZIP has more than ${MOST_ENTRIES} files`);
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.endsWith('/')) entries.set(entry.fileName, entry);
  }
  return entries;
}
