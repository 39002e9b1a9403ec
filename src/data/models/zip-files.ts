import { DataError } from '../data-error.ts';
import { Archive as ZipArchive } from '../readers/zip/archive.ts';
import { refusal } from './import-error.ts';
import type { ByteBudget, OwnFile, ScratchFiles, StoredFile } from './scratch-files.ts';

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
  file: OwnFile,
  place: readonly string[],
  scratch: ScratchFiles,
  budget: ByteBudget,
): Promise<Archive> {
  const refuse = (error: unknown): never => {
    throw error instanceof DataError
      ? refusal(place, `the ZIP can’t be read: ${error.message}`)
      : (error as Error);
  };
  const zip = await ZipArchive.of(file.descriptor).catch(refuse);
  const files = new Map(zip.files.map((entry) => [entry.name, entry]));
  return {
    names: [...files.keys()],
    unpack: (name) => scratch.append(zip.stream(files.get(name)!), budget).catch(refuse),
  };
}
