import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { JobSpec } from '../../../src/spec/job.ts';
import { JobResource, JobStatus } from '../../../src/spec/resource/job.ts';
import { PageQuery, pageOf } from '../../../src/spec/resource/page.ts';
import { ValidationResource } from '../../../src/spec/resource/validation.ts';
import type { ApiContext } from '../context.ts';
import { isUnchanged } from '../plugins/etag.ts';
import { jobETag, jobResource } from '../resources/job.ts';
import { pageResource } from '../resources/page.ts';
import { validationResource } from '../resources/validation.ts';
import { NoContent, POLL_AFTER_SECONDS, problems } from '../responses.ts';
import { found } from './found.ts';
import { Filter, IdParams } from './params.ts';

const tags = ['jobs'];
const JobQuery = PageQuery.extend({
  status: JobStatus.optional(),
  name: Filter,
  label: Filter.meta({ description: '`key:value`' }),
});

export const jobRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { jobs, store } = context;

  app.post(
    '/validate',
    {
      config: { invalidBody: 'invalidSpec' },
      schema: {
        operationId: 'validateJob',
        summary: 'Tell what a job would be, without a side effect',
        tags,
        body: JobSpec,
        response: { 200: ValidationResource, ...problems('invalidSpec', 'tooLarge', 'unsupportedMediaType') },
      },
    },
    async (request) => validationResource(await jobs.validate(request.caller.projectId, request.body)),
  );

  app.post(
    '',
    {
      config: { invalidBody: 'invalidSpec' },
      schema: {
        operationId: 'createJob',
        summary: 'Train',
        description: 'The job is queued once this is answered. Honours `Idempotency-Key`.',
        tags,
        body: JobSpec,
        response: {
          202: JobResource,
          ...problems(
            'invalidSpec',
            'tooLarge',
            'unsupportedMediaType',
            'idempotencyInFlight',
            'idempotencyMismatch',
            'tooManyJobs',
            'storageFull',
          ),
        },
      },
    },
    async (request, reply) => {
      const { caller, body, idempotencyKey } = request;
      const { row, replayed } = await jobs.create(caller.projectId, body, idempotencyKey);
      const job = jobResource(row);
      return reply
        .code(202)
        .replayed(replayed)
        .header('location', job.urls.self)
        .header('retry-after', POLL_AFTER_SECONDS)
        .send(job);
    },
  );

  app.get(
    '',
    {
      schema: {
        operationId: 'listJobs',
        summary: 'List jobs, the oldest first',
        tags,
        querystring: JobQuery,
        response: { 200: pageOf(JobResource), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query;
      const page = await store.jobs.list(request.caller.projectId, filter, { limit, cursor });
      return pageResource(page, jobResource);
    },
  );

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getJob',
        summary: 'Get a job',
        description: 'Polled with `If-None-Match`, it is answered 304 until something has changed.',
        tags,
        params: IdParams,
        response: { 200: JobResource, 304: NoContent, ...problems('notFound') },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const row = found(await store.jobs.get(id, request.caller.projectId), 'job', id);
      if (isUnchanged(request, reply, jobETag(row))) return reply.code(304).send();
      return reply.code(200).send(jobResource(row));
    },
  );
};
