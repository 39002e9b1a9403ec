import type { Multipart, MultipartFile } from '@fastify/multipart';
import type { z } from 'zod';
import { TrainyardError } from '../../../src/jobs/errors.ts';
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
    if (part.type === 'file') return part;
    if (part.valueTruncated)
      throw new TrainyardError('tooLarge', `The part “${part.fieldname}” is too large`);
    fields[part.fieldname] = typeof part.value === 'string' ? part.value : JSON.stringify(part.value);
  }
  return undefined;
}

/** @param field that the text stands in */
export function parseJson(field: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new TrainyardError('invalidRequest', `${field} isn’t JSON`, { cause: error });
  }
}

/** @throws TrainyardError invalidRequest, with pointers that start at `place` */
export function parse<T>(schema: z.ZodType<T>, value: unknown, place: readonly string[] = []): T {
  const result = schema.safeParse(value, PARSING);
  if (result.success) return result.data;
  throw invalidRequest(result.error, 'body', 'invalidRequest', place);
}
