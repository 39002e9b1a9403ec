import { DataError, quoted } from '../../data-error.ts';
import { SPLIT_NAMES, type SplitName } from '../../split-names.ts';
import type { ArchivedFile } from '../zip/archive.ts';

/** An array, by what its name says that it holds. */
export interface NamedArray {
  readonly file: ArchivedFile;
  /** As messages write it. */
  readonly name: string;
}

/** Tensors and their labels, which no part has, or all of them. */
export interface ArrayPair {
  readonly part: SplitName | undefined;
  readonly images: NamedArray;
  readonly labels: NamedArray | undefined;
}

const PART = '(?<PLACE>train|validation|valid|val|test)';
const NAME = new RegExp(
  `^(?:${PART.replace('PLACE', 'before')}_)?(?:(?<images>x|images?)|y|labels?)(?:_${PART.replace('PLACE', 'after')})?$`,
  'i',
);
const KNOWN =
  'x (or image, images) and y (or label, labels) are taken, alone or of parts: x_train, y_train, x_val, y_val, x_test, y_test, or train_images, train_labels, …; without labels, each y is left out';

/**
 * Which array holds what, by their names. Of several parts, `train` comes first, then `validation`, then `test`.
 * @throws DataError for a name that isn't known, for labels of nothing, and where only some parts have labels
 */
export function pairArrays(files: readonly ArchivedFile[]): ArrayPair[] {
  const roles = new Map<string, NamedArray>();
  for (const file of files) {
    const named = { file, name: quoted(file.name.replace(/\.npy$/i, '')) };
    const role = roleOf(named);
    const other = roles.get(role);
    if (other) throw new DataError(`the arrays ${other.name} and ${named.name} would hold the same`);
    roles.set(role, named);
  }
  const pairs = [undefined, ...SPLIT_NAMES].flatMap((part) => pairOf(part, roles) ?? []);
  if (pairs.length === 0) throw new DataError(`the file holds no array: ${KNOWN}`);
  if (pairs.length > 1 && pairs[0]!.part === undefined)
    throw new DataError(`${pairs[0]!.images.name} belongs to no part, and other arrays do`);
  const unlabelled = pairs.find(({ labels }) => !labels);
  if (unlabelled && pairs.some(({ labels }) => labels))
    throw new DataError(`the labels of ${unlabelled.images.name} are missing, and other arrays have theirs`);
  return pairs;
}

const roleKey = (holds: 'images' | 'labels', part: SplitName | undefined): string => `${holds} ${part ?? ''}`;

function roleOf({ file, name }: NamedArray): string {
  const { before, after, images } = NAME.exec(file.name.replace(/\.npy$/i, ''))?.groups ?? {};
  const isKnown = NAME.test(file.name.replace(/\.npy$/i, '')) && !(before && after);
  if (!isKnown) throw new DataError(`the array ${name} isn’t known: ${KNOWN}`);
  const part = (before ?? after)?.toLowerCase();
  return roleKey(images ? 'images' : 'labels', part?.startsWith('val') ? 'validation' : (part as SplitName));
}

function pairOf(part: SplitName | undefined, roles: ReadonlyMap<string, NamedArray>): ArrayPair | undefined {
  const images = roles.get(roleKey('images', part));
  const labels = roles.get(roleKey('labels', part));
  if (images) return { part, images, labels };
  if (labels) throw new DataError(`there are labels, ${labels.name}, and nothing that they are of: ${KNOWN}`);
  return undefined;
}
