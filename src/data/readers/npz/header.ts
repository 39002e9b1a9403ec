import { DataError, quoted } from '../../data-error.ts';
import { ELEMENTS, type Element } from './elements.ts';

/** What an NPY file says of itself. */
export interface NpyHeader {
  readonly element: Element;
  readonly isBigEndian: boolean;
  /** The first dimension is the rows. */
  readonly dimensions: readonly number[];
}

/** The magic and the version, before the header's length. */
export const PREFIX_BYTES = 8;
const MAGIC = '\x93NUMPY';
/** Arrays' headers have about 120 bytes; NumPy itself refuses longer ones. */
export const MAX_HEADER_BYTES = 10_000;
const MAX_RANK = 5;

/** As NumPy writes it, in Python 2 with an L, and nothing else: this Python literal is never evaluated. */
const HEADER =
  /^\{'descr': '([<>|])([a-zA-Z]\d+)', 'fortran_order': (True|False), 'shape': \(((?:\d{1,15}L?, ?)*(?:\d{1,15}L?)?)\), \}\s*$/;

/** How many bytes say how long the header is. @throws DataError for what is no NPY file */
export function lengthBytes(prefix: Buffer, name: string): 2 | 4 {
  if (prefix.toString('latin1', 0, MAGIC.length) !== MAGIC)
    throw new DataError(`${name} isn’t an array of NumPy’s: it must begin with “NUMPY”`);
  const version = prefix[MAGIC.length]!;
  if (version < 1 || version > 3)
    throw new DataError(`${name} is of the version ${version} of NumPy’s format, and 1 to 3 are taken`);
  return version === 1 ? 2 : 4;
}

/** @throws DataError for a header that isn't NumPy's, and for an array that can't be taken */
export function readHeader(text: string, name: string): NpyHeader {
  const match = HEADER.exec(text);
  if (!match) throw new DataError(`${name} has a header that can’t be read${whyUnread(text)}`);
  const [, order, code, fortran, shape] = match as unknown as [string, string, string, string, string];
  const element = ELEMENTS.get(code);
  if (!element || (element.bytes > 1 && order === '|'))
    throw new DataError(
      `${name} holds ${quoted(order + code)}, and there are ${[...ELEMENTS.keys()].join(', ')}`,
    );
  const dimensions = shape
    .split(',')
    .filter((part) => part.trim() !== '')
    .map((part) => Number.parseInt(part, 10));
  checkDimensions(dimensions, name);
  if (fortran === 'True' && dimensions.length > 1)
    throw new DataError(
      `${name} is stored column by column (Fortran’s order); save np.ascontiguousarray(array) instead`,
    );
  return { element, isBigEndian: order === '>', dimensions };
}

function whyUnread(text: string): string {
  if (/'descr': \[/.test(text)) return ': records with several fields aren’t taken';
  if (/'descr': '\|O'/.test(text)) return ': objects of Python are never loaded';
  return `: ${quoted(text.trim())}`;
}

function checkDimensions(dimensions: readonly number[], name: string): void {
  if (dimensions.length < 1 || dimensions.length > MAX_RANK)
    throw new DataError(`${name} has ${dimensions.length} dimensions, and 1 to ${MAX_RANK} are taken`);
  if (dimensions.includes(0))
    throw new DataError(`${name} holds nothing: its dimensions are ${dimensions.join(' × ')}`);
}
