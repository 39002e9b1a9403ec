import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { PipelineSpec } from '../../../src/spec/pipeline.ts';
import { PageQuery, pageOf } from '../../../src/spec/resource/page.ts';
import { PipelineResource, PipelineValidationResource } from '../../../src/spec/resource/pipeline.ts';
import type { ApiContext } from '../context.ts';
import { isUnchanged } from '../plugins/etag.ts';
import { pageResource } from '../resources/page.ts';
import { pipelineETag, pipelineResource, pipelineValidationResource } from '../resources/pipeline.ts';
import { NoContent, POLL_AFTER_SECONDS, problems } from '../responses.ts';
import { found } from './found.ts';
import { Filter, IdParams } from './params.ts';

const tags = ['pipelines'];
const PipelineQuery = PageQuery.extend({
  name: Filter,
  label: Filter.meta({ description: '`key:value`' }),
});

export const pipelineRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { pipelines, store } = context;

  app.post(
    '/validate',
    {
      config: { invalidBody: 'invalidSpec' },
      schema: {
        operationId: 'validatePipeline',
        summary: 'Tell what the jobs of a pipeline would be, without a side effect',
        tags,
        body: PipelineSpec,
        response: {
          200: PipelineValidationResource,
          ...problems('invalidSpec', 'tooLarge', 'unsupportedMediaType'),
        },
      },
    },
    async (request) =>
      pipelineValidationResource(await pipelines.validate(request.caller.projectId, request.body)),
  );

  app.post(
    '',
    {
      config: { invalidBody: 'invalidSpec' },
      schema: {
        operationId: 'createPipeline',
        summary: 'Train one model after another, each on the layers of an earlier one',
        description:
          'All of its jobs are made at once. One with `model.from.job` waits until that job has made its model; when that fails or is cancelled, so is it. Honours `Idempotency-Key`.',
        tags,
        body: PipelineSpec,
        response: {
          202: PipelineResource,
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
      const { row, replayed } = await pipelines.create(caller.projectId, body, idempotencyKey);
      const pipeline = pipelineResource(row);
      return reply
        .code(202)
        .replayed(replayed)
        .header('location', pipeline.urls.self)
        .header('retry-after', POLL_AFTER_SECONDS)
        .send(pipeline);
    },
  );

  app.get(
    '',
    {
      schema: {
        operationId: 'listPipelines',
        summary: 'List pipelines, the oldest first',
        tags,
        querystring: PipelineQuery,
        response: { 200: pageOf(PipelineResource), ...problems() },
      },
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query;
      const page = await store.pipelines.list(request.caller.projectId, filter, { limit, cursor });
      return pageResource(page, pipelineResource);
    },
  );

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getPipeline',
        summary: 'Get a pipeline with its jobs',
        description: 'Polled with `If-None-Match`, it is answered 304 until something has changed.',
        tags,
        params: IdParams,
        response: { 200: PipelineResource, 304: NoContent, ...problems('notFound') },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const row = found(await store.pipelines.get(id, request.caller.projectId), 'pipeline', id);
      if (isUnchanged(request, reply, pipelineETag(row))) return reply.code(304).send();
      return reply.code(200).send(pipelineResource(row));
    },
  );

  app.post(
    '/:id/cancel',
    {
      schema: {
        operationId: 'cancelPipeline',
        summary: 'Cancel every job of a pipeline that hasn’t ended',
        description:
          'Jobs that wait or are queued end at once; a running one as when it is cancelled itself.',
        tags,
        params: IdParams,
        response: { 202: PipelineResource, ...problems('notFound', 'conflict') },
      },
    },
    async (request, reply) => {
      const row = await pipelines.cancel(request.caller.projectId, request.params.id);
      return reply.code(202).header('retry-after', POLL_AFTER_SECONDS).send(pipelineResource(row));
    },
  );
};
