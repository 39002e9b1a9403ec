import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { CheckpointResource } from '../../../src/spec/resource/artifact.ts';
import { MetricResource } from '../../../src/spec/resource/metric.ts';
import { pageOf } from '../../../src/spec/resource/page.ts';
import { RunResource } from '../../../src/spec/resource/run.ts';
import type { ApiContext } from '../context.ts';
import { checkpointResource } from '../resources/checkpoint.ts';
import { metricResource } from '../resources/metric.ts';
import { wholePage } from '../resources/page.ts';
import { runResource } from '../resources/run.ts';
import { problems } from '../responses.ts';
import { found } from './found.ts';
import { Filter, IdParams } from './params.ts';

const tags = ['jobs'];
const MetricQuery = z.strictObject({
  name: Filter,
  stage: z.coerce.number().int().min(1).max(1_000).optional(),
  maxPoints: z.coerce.number().int().min(2).max(10_000).default(1_000).meta({
    description:
      'At most so many a curve, the last one always among them; fewer, where all curves would have more than 100,000.',
  }),
});

/** What a job has left behind so far: curves, runs and checkpoints. */
export const jobHistoryRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { store } = context;

  app.get(
    '/:id/metrics',
    {
      schema: {
        operationId: 'listMetrics',
        summary: 'Read a job’s curves',
        tags,
        params: IdParams,
        querystring: MetricQuery,
        response: { 200: pageOf(MetricResource), ...problems('notFound') },
      },
    },
    async (request) => {
      const job = await visibleJob(request.params.id, request.caller.projectId);
      return wholePage(await store.metrics.read(job.id, request.query), metricResource);
    },
  );

  app.get(
    '/:id/runs',
    {
      schema: {
        operationId: 'listRuns',
        summary: 'List a job’s runs, the first first',
        tags,
        params: IdParams,
        response: { 200: pageOf(RunResource), ...problems('notFound') },
      },
    },
    async (request) => {
      const job = await visibleJob(request.params.id, request.caller.projectId);
      return wholePage(await store.runs.list(job.id), runResource);
    },
  );

  app.get(
    '/:id/checkpoints',
    {
      schema: {
        operationId: 'listCheckpoints',
        summary: 'List the checkpoints that are kept, the newest first',
        tags,
        params: IdParams,
        response: { 200: pageOf(CheckpointResource), ...problems('notFound') },
      },
    },
    async (request) => {
      const job = await visibleJob(request.params.id, request.caller.projectId);
      return wholePage(await store.checkpoints.list(job.id), checkpointResource);
    },
  );

  async function visibleJob(id: string, projectId: string) {
    return found(await store.jobs.get(id, projectId), 'job', id);
  }
};
