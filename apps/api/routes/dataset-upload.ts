import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import type { DatasetUpload } from '../../../src/jobs/services.ts';
import { Name } from '../../../src/spec/common.ts';
import { ColumnType, type DatasetFormat } from '../../../src/spec/dataset.ts';
import { invalidRequest } from '../validator.ts';

/** The media types in which a data set may come as a body of its own. */
export const MEDIA_TYPES: Readonly<Record<string, DatasetFormat>> = {
  'text/csv': 'csv',
  'application/x-ndjson': 'jsonl',
  'application/jsonl': 'jsonl',
};
const EXTENSIONS: Readonly<Record<string, DatasetFormat>> = {
  '.csv': 'csv',
  '.jsonl': 'jsonl',
  '.ndjson': 'jsonl',
};
const ENDINGS = Object.keys(EXTENSIONS).join(', ');

const Fields = z.strictObject({ name: Name.optional(), columnTypes: z.string().optional() });
const ColumnTypes = z.record(Name, ColumnType);
type Fields = z.infer<typeof Fields>;
type Part = Pick<DatasetUpload, 'name' | 'format' | 'source' | 'columnTypes'>;

/** What a raw body is asked for in the query. */
export const RawUploadQuery = Fields;

/** The body itself is the file; the query says the rest. */
export function rawUpload(request: FastifyRequest, query: Fields): Part {
  const format = MEDIA_TYPES[mediaType(request.headers['content-type'])];
  const { name } = query;
  if (format === undefined) throw new TrainyardError('unsupportedMediaType', 'Send CSV or JSONL');
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
 * out; the column types are needed while it is read, so they stand before it.
 */
export async function formUpload(request: FastifyRequest): Promise<Part> {
  const parts = request.parts();
  const fields: Record<string, unknown> = {};
  const file = await readFields(parts, fields);
  if (file === undefined || file.fieldname !== 'file') {
    file?.file.resume();
    throw new TrainyardError('invalidRequest', 'The form needs a part “file” with a file name');
  }
  const before = parse(Fields, fields);
  return {
    format: formatOf(file),
    source: file.file,
    ...typesOf(before.columnTypes),
    name: async () => {
      await readFields(parts, fields);
      const { name, columnTypes } = parse(Fields, fields);
      if (columnTypes !== before.columnTypes) {
        throw new TrainyardError('invalidRequest', 'The part “columnTypes” must stand before “file”');
      }
      return name ?? parse(Name, file.filename, ['name']);
    },
  };
}

/** Gathers fields up to the next file, or to the end. */
async function readFields(
  parts: AsyncIterator<Multipart>,
  fields: Record<string, unknown>,
): Promise<MultipartFile | undefined> {
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    const part = next.value;
    if (part.type === 'file') return part;
    if (part.valueTruncated)
      throw new TrainyardError('tooLarge', `The part “${part.fieldname}” is too large`);
    fields[part.fieldname] = typeof part.value === 'string' ? part.value : JSON.stringify(part.value);
  }
  return undefined;
}

/** By its media type, else by its name: clients often say `application/octet-stream`, or a spreadsheet’s type. */
function formatOf(file: MultipartFile): DatasetFormat {
  const format = MEDIA_TYPES[mediaType(file.mimetype)] ?? EXTENSIONS[extname(file.filename).toLowerCase()];
  if (format !== undefined) return format;
  throw new TrainyardError(
    'unsupportedMediaType',
    `“${file.filename}” is neither CSV nor JSONL (${ENDINGS})`,
  );
}

function typesOf(text: string | undefined): Pick<Part, 'columnTypes'> {
  if (text === undefined) return {};
  return { columnTypes: parse(ColumnTypes, parseJson(text), ['columnTypes']) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TrainyardError('invalidRequest', 'columnTypes isn’t JSON', { cause: error });
  }
}

/** @throws TrainyardError invalidRequest, with pointers that start at `place` */
function parse<T>(schema: z.ZodType<T>, value: unknown, place: readonly string[] = []): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw invalidRequest(result.error, 'body', 'invalidRequest', place);
}

function mediaType(header: string | undefined): string {
  return header?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
}
