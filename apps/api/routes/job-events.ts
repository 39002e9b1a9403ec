import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import { eventResource } from '../../../src/jobs/event-resource.ts';
import { EventResource } from '../../../src/spec/resource/event.ts';
import { pageOf } from '../../../src/spec/resource/page.ts';
import type { ApiContext } from '../context.ts';
import { createEventFeed } from '../event-feed.ts';
import { eventStream } from '../event-stream.ts';
import { clientGone } from '../plugins/client-gone.ts';
import { NoContent, problems } from '../responses.ts';
import { found } from './found.ts';
import { IdParams } from './params.ts';

const EventQuery = z.strictObject({
  after: z.coerce.number().int().min(0).max(2_147_483_647).default(0).meta({
    description: 'A sequence number: only later events are told. `Last-Event-ID` goes before it.',
  }),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

const DESCRIPTION = `A page of events; \`nextCursor\` is the \`after\` of the next page.

With \`Accept: text/event-stream\` they are streamed as they happen: \`id\` is the sequence number, \`event\` the type,
and \`Last-Event-ID\` goes on from there. The stream closes once the job has ended and all is told; who connects again
after that is answered 204, on which an \`EventSource\` stops.`;

export const jobEventRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { store } = context;
  const feed = createEventFeed(store, app.closing);

  app.get(
    '/:id/events',
    {
      // A stream of headers alone would never end.
      exposeHeadRoute: false,
      schema: {
        operationId: 'listEvents',
        summary: 'Replay a job’s events, and watch for more',
        description: DESCRIPTION,
        tags: ['jobs'],
        params: IdParams,
        querystring: EventQuery,
        response: {
          200: {
            description: 'A page, or a stream.',
            content: {
              'application/json': { schema: pageOf(EventResource) },
              'text/event-stream': { schema: z.custom<Readable>().meta({ type: 'string' }) },
            },
          },
          204: NoContent,
          ...problems('notFound'),
        },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const job = found(await store.jobs.get(id, request.caller.projectId), 'job', id);
      const after = lastEventId(request) ?? request.query.after;
      reply.header('vary', 'accept');
      if (!wantsStream(request)) return reply.code(200).send(await page(job.id, after, request.query.limit));
      if (job.finishedAt !== null && (await store.events.list(id, after, 1)).length === 0) {
        return reply.code(204).send();
      }
      const events = eventStream(feed, job.id, after, clientGone(reply));
      return streamHeaders(reply)
        .code(200)
        .send(Readable.from(events, { objectMode: false }));
    },
  );

  async function page(jobId: string, after: number, limit: number) {
    const rows = await store.events.list(jobId, after, limit);
    const last = rows.length === limit ? rows.at(-1) : undefined;
    return { data: rows.map(eventResource), nextCursor: last === undefined ? null : String(last.sequence) };
  }
};

function wantsStream(request: FastifyRequest): boolean {
  return request.headers.accept?.includes('text/event-stream') ?? false;
}

/** Undefined without the header. @throws TrainyardError invalidRequest */
function lastEventId(request: FastifyRequest): number | undefined {
  const header = request.headers['last-event-id'];
  if (header === undefined || header === '') return undefined;
  if (typeof header === 'string' && /^\d{1,9}$/.test(header)) return Number(header);
  throw new TrainyardError('invalidRequest', 'Last-Event-ID must be the sequence number of an event');
}

function streamHeaders(reply: FastifyReply): FastifyReply {
  return reply
    .type('text/event-stream')
    .header('cache-control', 'no-store, no-transform')
    .header('x-accel-buffering', 'no')
    .header('connection', 'close');
}
