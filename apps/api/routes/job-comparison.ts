import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { compareJobs } from '../../../src/jobs/compare-jobs.ts';
import type { JobRow } from '../../../src/jobs/rows.ts';
import { ComparisonResource } from '../../../src/spec/resource/comparison.ts';
import type { ApiContext } from '../context.ts';
import { comparisonResource } from '../resources/comparison.ts';
import { problems } from '../responses.ts';
import { found } from './found.ts';

const MOST = 10;
const Ids = z
  .string()
  .max(1_000)
  .transform((ids) => ids.split(','))
  .refine(
    (ids) => ids.length >= 2 && ids.length <= MOST,
    `2 to ${MOST} ids of jobs, with commas between them`,
  )
  .refine((ids) => new Set(ids).size === ids.length, 'each job is compared once');

export const jobComparisonRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (
  app,
  { context },
) => {
  const { store } = context;

  app.get(
    '/compare',
    {
      schema: {
        operationId: 'compareJobs',
        summary: 'Tell what differs between jobs',
        description: 'In their specs, in their results beside the first one’s, and in what these come from.',
        tags: ['jobs'],
        querystring: z.strictObject({
          ids: Ids.meta({ description: `2 to ${MOST} ids of jobs, with commas between them.` }),
        }),
        response: { 200: ComparisonResource, ...problems('notFound') },
      },
    },
    async (request) => {
      const { caller, query } = request;
      const jobs: JobRow[] = [];
      for (const id of query.ids) jobs.push(found(await store.jobs.get(id, caller.projectId), 'job', id));
      return comparisonResource(await compareJobs(store, jobs));
    },
  );
};
