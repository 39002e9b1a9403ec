import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import type { ArtifactRow } from '../../../src/jobs/rows.ts';
import { ArtifactResource } from '../../../src/spec/resource/artifact.ts';
import { pageOf } from '../../../src/spec/resource/page.ts';
import { type ByteRange, parseRange } from '../byte-range.ts';
import type { ApiContext } from '../context.ts';
import { isUnchanged } from '../plugins/etag.ts';
import { artifactResource } from '../resources/artifact.ts';
import { wholePage } from '../resources/page.ts';
import { NoContent, problems } from '../responses.ts';
import { found } from './found.ts';
import { IdParams } from './params.ts';

const tags = ['jobs'];
const Content = {
  description: 'The content, or the range of it that was asked for.',
  content: {
    'application/octet-stream': {
      schema: z.custom<Readable>().meta({ type: 'string', format: 'binary' }),
    },
  },
};

export const jobArtifactRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { store, blobs } = context;

  app.get(
    '/:id/artifacts',
    {
      schema: {
        operationId: 'listArtifacts',
        summary: 'List a job’s stored outputs',
        tags,
        params: IdParams,
        response: { 200: pageOf(ArtifactResource), ...problems('notFound') },
      },
    },
    async (request) => {
      const { id } = request.params;
      const job = found(await store.jobs.get(id, request.caller.projectId), 'job', id);
      return wholePage(await store.artifacts.list(job.id), artifactResource);
    },
  );

  app.get(
    '/:id/artifacts/:name',
    {
      schema: {
        operationId: 'downloadArtifact',
        summary: 'Download a stored output',
        description: 'Takes `Range` (one range), `If-Range` and `If-None-Match`.',
        tags,
        params: IdParams.extend({ name: z.string().min(1).max(300) }),
        response: {
          200: Content,
          206: Content,
          304: NoContent,
          ...problems('notFound', 'rangeNotSatisfiable'),
        },
      },
    },
    async (request, reply) => {
      const { id, name } = request.params;
      const job = found(await store.jobs.get(id, request.caller.projectId), 'job', id);
      const artifact = found(await store.artifacts.get(job.id, name), 'artifact', name);
      const etag = `"${artifact.blobKey}"`;
      if (isUnchanged(request, reply, etag)) return reply.code(304).send();
      const range = wantedRange(request, reply, artifact, etag);
      describeContent(reply, artifact, range);
      const body = request.method === 'HEAD' ? Readable.from([]) : await blobs.read(artifact.blobKey, range);
      return reply.code(range === undefined ? 200 : 206).send(body);
    },
  );
};

/** @throws TrainyardError rangeNotSatisfiable */
function wantedRange(
  request: FastifyRequest,
  reply: FastifyReply,
  artifact: ArtifactRow,
  etag: string,
): ByteRange | undefined {
  const { range, 'if-range': ifRange } = request.headers;
  if (ifRange !== undefined && ifRange !== etag) return undefined;
  const wanted = parseRange(range, artifact.bytes);
  if (wanted !== 'unsatisfiable') return wanted;
  reply.header('content-range', `bytes */${artifact.bytes}`);
  throw new TrainyardError('rangeNotSatisfiable', `“${artifact.name}” has ${artifact.bytes} bytes`);
}

function describeContent(reply: FastifyReply, artifact: ArtifactRow, range: ByteRange | undefined): void {
  const length = range === undefined ? artifact.bytes : range.end - range.start + 1;
  if (range !== undefined) {
    reply.header('content-range', `bytes ${range.start}-${range.end}/${artifact.bytes}`);
  }
  reply
    .type(artifact.mediaType)
    .header('accept-ranges', 'bytes')
    .header('content-length', length)
    .header('content-disposition', `attachment; filename*=UTF-8''${fileName(artifact.name)}`);
}

/** RFC 8187: what `encodeURIComponent` leaves and the grammar doesn’t allow is encoded too. */
function fileName(name: string): string {
  const encoded = encodeURIComponent(name);
  return encoded.replace(/['()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}
