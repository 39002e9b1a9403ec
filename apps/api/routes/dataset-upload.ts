import { Readable } from 'node:stream';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TrainyardError, urlRefused } from '../../../src/jobs/errors.ts';
import type { Outbound } from '../../../src/jobs/ports.ts';
import type { DatasetUpload } from '../../../src/jobs/services.ts';
import { Name } from '../../../src/spec/common.ts';
import type { DatasetFormat } from '../../../src/spec/dataset.ts';
import { ColumnTypes, DatasetImport } from '../../../src/spec/dataset-import.ts';
import { isStorable } from '../../../src/spec/storable-text.ts';
import { parse, parseJson, readFields, refuseFile } from './form-parts.ts';

/** The media types in which a data set may come as a body of its own. */
export const MEDIA_TYPES: Readonly<Record<string, DatasetFormat>> = {
  'text/csv': 'csv',
  'application/x-ndjson': 'jsonl',
  'application/jsonl': 'jsonl',
  'application/x-idx': 'idx',
  'application/x-npz': 'npz',
  'application/zip': 'zip',
  'application/x-zip-compressed': 'zip',
};
/** How files of each format are named: MNIST's are `train-images-idx3-ubyte.gz`. */
const FILE_NAMES: readonly (readonly [RegExp, DatasetFormat])[] = [
  [/\.csv$/i, 'csv'],
  [/\.(jsonl|ndjson)$/i, 'jsonl'],
  [/\.npz$/i, 'npz'],
  [/\.zip$/i, 'zip'],
  [/(\.idx|[-.]idx\d-\w+)(\.gz)?$/i, 'idx'],
];
const ENDINGS =
  '.csv, .jsonl, .ndjson, .npz, .zip, .idx, -idx3-ubyte, each of the last two with .gz or without';

const Fields = z.strictObject({ name: Name.optional(), columnTypes: z.string().optional() });
type Fields = z.infer<typeof Fields>;
type Part = Pick<DatasetUpload, 'name' | 'format' | 'source' | 'columnTypes' | 'pointer'>;

/** What a raw body is asked for in the query. */
export const RawUploadQuery = Fields;

/** The body itself is the file; the query says the rest. */
export function rawUpload(request: FastifyRequest, query: Fields): Part {
  const format = MEDIA_TYPES[mediaType(request.headers['content-type'])];
  const { name } = query;
  if (format === undefined)
    throw new TrainyardError('unsupportedMediaType', 'Send CSV, JSONL, IDX, NPZ or a ZIP of pictures');
  if (name === undefined)
    throw new TrainyardError('invalidRequest', 'Say the data set’s “name” in the query');
  return {
    name: async () => name,
    format,
    source: request.body as Readable,
    ...typesOf(query.columnTypes),
  };
}

/**
 * The form’s `file`, as it streams in. The name may stand before or after it, and is the file’s own when left
 * out; the column types are needed while it is read, so they stand before it. IDX has two files or more: images
 * as `file`, then `labels`, and so on.
 */
export async function formUpload(request: FastifyRequest): Promise<Part> {
  const parts = request.parts();
  const fields: Record<string, unknown> = {};
  const file = await readFields(parts, fields);
  const missing = 'The form needs a part “file” with a file name';
  if (file === undefined) throw new TrainyardError('invalidRequest', missing);
  if (file.fieldname !== 'file') throw refuseFile(file, missing);
  const before = parse(Fields, fields);
  const format = formatOf(file);
  return {
    format,
    source: format === 'idx' ? Readable.from(pairs(file, parts, fields)) : file.file,
    ...typesOf(before.columnTypes),
    name: async () => {
      const another = await readFields(parts, fields);
      if (another)
        throw refuseFile(another, 'The form has a second file, and a data set of this format has one');
      const { name, columnTypes } = parse(Fields, fields);
      if (columnTypes !== before.columnTypes) {
        throw new TrainyardError('invalidRequest', 'The part “columnTypes” must stand before “file”');
      }
      return name ?? parse(Name, file.filename, ['name']);
    },
  };
}

/** The file that lies at an address, as it streams in from there. The body says it all, and the query nothing. */
export async function fetchedUpload(
  body: unknown,
  outbound: Outbound,
  options: { maxBytes: number; signal: AbortSignal },
): Promise<Part> {
  const { url, name, format, columnTypes } = parse(DatasetImport, body);
  const asked = fileNameOf(new URL(url));
  const named = name ?? parse(Name, asked, ['name']);
  const { mediaType, content, url: last } = await outbound.download(url, options);
  const found = format ?? formatBy(mediaType, asked) ?? formatBy('', fileNameOf(last));
  if (found === undefined) {
    content.destroy();
    throw urlRefused(
      `What lies there is neither by its media type (“${mediaType.slice(0, 100)}”) nor by its name one of ${ENDINGS}; say its “format” if it is`,
    );
  }
  return {
    name: async () => named,
    format: found,
    source: content,
    pointer: '/url',
    ...(columnTypes && { columnTypes }),
  };
}

/** The last part of the path, else the host. */
function fileNameOf({ pathname, hostname }: URL): string {
  const last = pathname.split('/').at(-1)!;
  const plain = decoded(last);
  return plain !== undefined && isStorable(plain) ? plain || hostname : last;
}

/** Undefined for what no client had encoded. */
function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}

/** The files of an IDX data set one after another: images, their labels, more images, their labels. */
async function* pairs(
  first: MultipartFile,
  parts: AsyncIterator<Multipart>,
  fields: Record<string, unknown>,
): AsyncGenerator<Buffer> {
  let wanted = 'file';
  for (let part: MultipartFile | undefined = first; part; part = await readFields(parts, fields)) {
    if (part.fieldname !== wanted)
      throw refuseFile(part, `The part “${part.fieldname}” stands where “${wanted}” is expected`);
    yield* part.file;
    wanted = wanted === 'file' ? 'labels' : 'file';
  }
}

/** By its media type, else by its name: clients often say `application/octet-stream`, or a spreadsheet’s type. */
function formatOf(file: MultipartFile): DatasetFormat {
  const format = formatBy(mediaType(file.mimetype), file.filename);
  if (format !== undefined) return format;
  throw new TrainyardError(
    'unsupportedMediaType',
    `“${file.filename}” is neither CSV nor JSONL, nor IDX, NPZ or a ZIP of pictures (${ENDINGS})`,
  );
}

function formatBy(mediaType: string, fileName: string): DatasetFormat | undefined {
  const byName = FILE_NAMES.find(([pattern]) => pattern.test(fileName))?.[1];
  const byType = Object.hasOwn(MEDIA_TYPES, mediaType) ? MEDIA_TYPES[mediaType] : undefined;
  // An NPZ is a ZIP too, and some clients look no further.
  return byType === 'zip' && byName === 'npz' ? byName : (byType ?? byName);
}

function typesOf(text: string | undefined): Pick<Part, 'columnTypes'> {
  if (text === undefined) return {};
  return { columnTypes: parse(ColumnTypes, parseJson('columnTypes', text), ['columnTypes']) };
}

function mediaType(header: string | undefined): string {
  return header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
