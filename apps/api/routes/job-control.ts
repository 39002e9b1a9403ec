import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { JobResource } from '../../../src/spec/resource/job.ts';
import { RetryRequest } from '../../../src/spec/retry.ts';
import type { ApiContext } from '../context.ts';
import { jobResource } from '../resources/job.ts';
import { POLL_AFTER_SECONDS, problems } from '../responses.ts';
import { IdParams } from './params.ts';

const tags = ['jobs'];

/** What can be done to a job once it is there. */
export const jobControlRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { jobs } = context;

  app.post(
    '/:id/cancel',
    {
      schema: {
        operationId: 'cancelJob',
        summary: 'Cancel a job',
        description:
          'A queued job ends at once. A running one saves a checkpoint and stops, or is stopped when its grace is over.',
        tags,
        params: IdParams,
        response: { 202: JobResource, ...problems('notFound', 'conflict') },
      },
    },
    async (request, reply) => {
      const row = await jobs.cancel(request.caller.projectId, request.params.id);
      return reply.code(202).header('retry-after', POLL_AFTER_SECONDS).send(jobResource(row));
    },
  );

  app.post(
    '/:id/pause',
    {
      schema: {
        operationId: 'pauseJob',
        summary: 'Pause a job',
        description:
          'A job that is queued or waits stands still at once. A running one saves a checkpoint and stops, or is stopped when its grace is over; it may end before. To pause a paused job changes nothing.',
        tags,
        params: IdParams,
        response: { 202: JobResource, ...problems('notFound', 'conflict') },
      },
    },
    async (request, reply) => {
      const row = await jobs.pause(request.caller.projectId, request.params.id);
      return reply.code(202).header('retry-after', POLL_AFTER_SECONDS).send(jobResource(row));
    },
  );

  app.post(
    '/:id/resume',
    {
      schema: {
        operationId: 'resumeJob',
        summary: 'Let a paused job go on',
        description:
          'It is queued again, and goes on from its last checkpoint to the same weights as if it had never been paused. One whose parent model isn’t made yet waits for it again.',
        tags,
        params: IdParams,
        response: { 202: JobResource, ...problems('notFound', 'conflict', 'tooManyJobs') },
      },
    },
    async (request, reply) => {
      const row = await jobs.resume(request.caller.projectId, request.params.id);
      return reply.code(202).header('retry-after', POLL_AFTER_SECONDS).send(jobResource(row));
    },
  );

  app.post(
    '/:id/retry',
    {
      schema: {
        operationId: 'retryJob',
        summary: 'Open a failed or cancelled job again',
        description:
          'The same job goes on from its last checkpoint, from another one that it keeps, or from the start. Later checkpoints, metrics and stages are forgotten; events and runs stay. Its retries and its time are counted anew. Jobs of its pipeline that failed for want of its model wait for it again; those that were cancelled are to be retried themselves.',
        tags,
        params: IdParams,
        body: RetryRequest.nullish(),
        response: {
          202: JobResource,
          ...problems('notFound', 'conflict', 'tooManyJobs', 'tooLarge', 'unsupportedMediaType'),
        },
      },
    },
    async (request, reply) => {
      const row = await jobs.retry(request.caller.projectId, request.params.id, request.body ?? {});
      return reply.code(202).header('retry-after', POLL_AFTER_SECONDS).send(jobResource(row));
    },
  );
};
