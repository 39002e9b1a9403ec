import { isMissing } from '../cell.ts';
import { DataError, quoted, quotedPath } from '../data-error.ts';
import type { SplitName } from '../split-names.ts';

/** Where in an archive a picture lies, and so what it shows. */
export interface PlacedPicture<File> {
  readonly file: File;
  /** Undefined where the archive has no folder of a class. */
  readonly label: string | undefined;
  /** Undefined where the archive brings no division along. */
  readonly part: SplitName | undefined;
}

const PICTURE = /\.(png|jpe?g)$/i;
/** What systems leave in folders, and nobody means. */
const LITTER = /(^|\/)(__MACOSX\/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)/i;
const PARTS: ReadonlyMap<string, SplitName> = new Map([
  ['train', 'train'],
  ['validation', 'validation'],
  ['val', 'validation'],
  ['test', 'test'],
]);
/** What people put beside pictures to say what they are, and whose. */
const NOTE = /(^|\/)((readme|licen[cs]e|notice)[^/]*|[^/]*\.(txt|md))$/i;
const MAX_LABEL_LENGTH = 100;
const LAYOUT = 'pictures lie in a folder for each class, as in “cat/1.png”';

/**
 * Reads the class of each picture from its folder: `cat/1.png`. One more folder around all of them is passed over;
 * where those at the top are `train`, `validation` (or `val`) and `test`, they divide the pictures. Where no picture
 * lies in a folder of a class, none has a label.
 * @throws DataError for a file that is no picture by its name, or lies elsewhere
 */
export function placePictures<File extends { readonly name: string }>(
  files: readonly File[],
): PlacedPicture<File>[] {
  const wanted = files.filter(({ name }) => !LITTER.test(name) && (PICTURE.test(name) || !NOTE.test(name)));
  if (wanted.length === 0) throw new DataError('the ZIP file holds no picture');
  const stray = wanted.find(({ name }) => !PICTURE.test(name));
  if (stray)
    throw new DataError(`${quotedPath(stray.name)} is no picture: only .png, .jpg and .jpeg are taken`);
  const paths = withoutTop(wanted.map(({ name }) => name.split('/')));
  const isDivided = paths.every(([top]) => PARTS.has(top!.toLowerCase()));
  const placed = wanted.map((file, i) => {
    const folders = paths[i]!.slice(0, -1);
    const part = isDivided ? PARTS.get(folders.shift()?.toLowerCase() ?? '') : undefined;
    return { file, folders, part };
  });
  const depth = placed.some(({ folders }) => folders.length > 0) ? 1 : 0;
  return placed.map(({ file, folders, part }) => {
    if (folders.length !== depth) throw misplaced(file.name, folders.length);
    const [folder] = folders;
    return { file, label: folder === undefined ? undefined : labelOf(folder), part };
  });
}

/** Archives are often made of a folder rather than of what it holds. */
function withoutTop(paths: readonly string[][]): readonly string[][] {
  const [top] = paths[0]!;
  const isAround = paths.every((path) => path[0] === top && path.length > 2);
  return isAround ? paths.map((path) => path.slice(1)) : paths;
}

function labelOf(folder: string): string {
  const label = folder.trim();
  if (label.length > MAX_LABEL_LENGTH)
    throw new DataError(`the folder ${quoted(label)} has a name of more than ${MAX_LABEL_LENGTH} characters`);
  if (isMissing(label))
    throw new DataError(`the folder ${quoted(label)} reads as a missing value; give the class another name`);
  return label;
}

function misplaced(name: string, folders: number): DataError {
  return new DataError(
    `${quotedPath(name)} lies ${folders === 0 ? 'in no folder of a class' : 'in a folder within another'}: ${LAYOUT}`,
  );
}
