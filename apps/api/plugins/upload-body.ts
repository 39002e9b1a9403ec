import type { IncomingMessage } from 'node:http';
import { PassThrough, type Readable } from 'node:stream';
import multipart from '@fastify/multipart';
import fastifyPlugin from 'fastify-plugin';
import { tooLarge } from '../../../src/jobs/dataset-service.ts';
import { TrainyardError } from '../../../src/jobs/errors.ts';

interface Options {
  maxBytes: number;
  /** The media types that are taken as a body of their own. */
  mediaTypes: readonly string[];
  /** Whether a body may be JSON, to be parsed. */
  json?: boolean;
  /** That a form may have. */
  maxFiles: number;
}

/** What a form adds around its file: boundaries, part headers and the other fields. */
const FORM_OVERHEAD_BYTES = 2 * 1024 * 1024;
const MAX_FIELDS = 10;
const MAX_FIELD_BYTES = 1024 * 1024;

/** Streams bodies to the handlers. */
export const uploadBody = fastifyPlugin<Options>(
  async (app, { maxBytes, mediaTypes, json = false, maxFiles }) => {
    await app.register(multipart, {
      throwFileSizeLimit: false,
      limits: {
        // The service counts the bytes: it must see one too many to refuse it.
        fileSize: Number.POSITIVE_INFINITY,
        files: maxFiles,
        fields: MAX_FIELDS,
        // Else there are a thousand.
        parts: maxFiles + MAX_FIELDS,
        fieldSize: MAX_FIELD_BYTES,
      },
    });
    if (!json) app.removeContentTypeParser('application/json');
    if (mediaTypes.length > 0)
      app.addContentTypeParser([...mediaTypes], (_request, payload, done) => done(null, detached(payload)));

    app.addHook('onRequest', async ({ headers }) => {
      const encoding = headers['content-encoding'];
      if (encoding !== undefined && encoding !== 'identity') {
        throw new TrainyardError('unsupportedMediaType', 'Send the upload without a content encoding');
      }
      if (Number(headers['content-length'] ?? 0) > maxBytes + FORM_OVERHEAD_BYTES) throw tooLarge(maxBytes);
    });
  },
);

/** The request’s body as a stream that can be destroyed while the request lives on, to be answered. */
function detached(request: IncomingMessage): Readable {
  const body = new PassThrough();
  request.once('close', () => {
    if (!request.complete) body.destroy(new Error('The client broke off the upload'));
  });
  return request.pipe(body);
}
