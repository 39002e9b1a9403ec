import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { z } from 'zod';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import { nestsDeeper } from '../../../src/spec/keras/json.ts';
import { holdsStorable, UNSTORABLE } from '../../../src/spec/storable-text.ts';
import { MAX_DEPTH } from '../plugins/json-body.ts';
import { invalidRequest } from '../validator.ts';
import { PARSING } from '../zod-issues.ts';

/** A file that isn't read is let through: the rest of the form comes behind it. */
export function refuseFile(part: MultipartFile, message: string): TrainyardError {
  part.file.resume();
  return new TrainyardError('invalidRequest', message);
}

/** Gathers fields up to the next file, or to the end. */
export async function readFields(
  parts: AsyncIterator<Multipart>,
  fields: Record<string, unknown>,
): Promise<MultipartFile | undefined> {
  for (let next = await parts.next(); !next.done; next = await parts.next()) {
    const part = next.value;
    if (part.type === 'file') return named(part);
    if (part.valueTruncated)
      throw new TrainyardError('tooLarge', `The part “${part.fieldname}” is too large`);
    fields[part.fieldname] = typeof part.value === 'string' ? part.value : textOf(part.fieldname, part.value);
  }
  return undefined;
}

/** A part of bytes is a file too where it says no name. */
function named(part: MultipartFile): MultipartFile {
  part.filename ??= '';
  return part;
}

/** @param field that the text stands in */
export function parseJson(field: string, text: string): unknown {
  const value = shallow(field, parsed(field, text));
  if (holdsStorable(text, value)) return value;
  throw new TrainyardError('invalidRequest', `${field}: ${UNSTORABLE}`);
}

function parsed(field: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TrainyardError('invalidRequest', `${field} isn’t JSON`, { cause: error });
  }
}

/** A field that came as JSON, and was parsed, as the text that it was. */
function textOf(field: string, value: unknown): string {
  return JSON.stringify(shallow(field, value));
}

/** The value, where no stack can overflow in going through it. */
function shallow(field: string, value: unknown): unknown {
  if (!nestsDeeper(value, MAX_DEPTH)) return value;
  throw new TrainyardError('invalidRequest', `${field} nests deeper than ${MAX_DEPTH} levels`);
}

/** @throws TrainyardError invalidRequest, with pointers that start at `place` */
export function parse<T>(schema: z.ZodType<T>, value: unknown, place: readonly string[] = []): T {
  const result = schema.safeParse(value, PARSING);
  if (result.success) return result.data;
  throw invalidRequest(result.error, 'body', 'invalidRequest', place);
}
