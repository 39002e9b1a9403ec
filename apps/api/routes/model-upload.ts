import type { Multipart } from '@fastify/multipart';
import type { FastifyRequest } from 'fastify';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import type { ModelUpload, UploadedFile } from '../../../src/jobs/services.ts';
import { ModelImport } from '../../../src/spec/model-import.ts';
import { parse, parseJson, readFields, refuseFile } from './form-parts.ts';

/** Fields that are JSON, where they aren’t a word of their own. */
const LISTS: ReadonlySet<string> = new Set(['classes', 'inputs', 'inputShape']);

/** A form with the parts `model` and `weights`, and fields anywhere among them. */
export function formUpload(request: FastifyRequest): Pick<ModelUpload, 'files' | 'asked'> {
  if (!request.isMultipart())
    throw new TrainyardError('unsupportedMediaType', 'Send the model as a form, multipart/form-data');
  const fields: Record<string, string> = {};
  return { files: filesOf(request.parts(), fields), asked: () => readAsked(fields) };
}

async function* filesOf(
  parts: AsyncIterator<Multipart>,
  fields: Record<string, string>,
): AsyncGenerator<UploadedFile> {
  for (let part = await readFields(parts, fields); part; part = await readFields(parts, fields)) {
    const { fieldname: role, filename: name, file: content } = part;
    if (role !== 'model' && role !== 'weights')
      throw refuseFile(part, `The part “${role}” stands where “model” or “weights” is expected`);
    yield { role, name, content };
  }
}

function readAsked(fields: Readonly<Record<string, string>>): ModelImport {
  const values = Object.entries(fields).map(([field, text]) => {
    const isJson = LISTS.has(field) || (field === 'input' && text.trimStart().startsWith('{'));
    return [field, isJson ? parseJson(field, text) : text];
  });
  return parse(ModelImport, Object.fromEntries(values));
}
