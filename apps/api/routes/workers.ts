import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { pageOf } from '../../../src/spec/resource/page.ts';
import { WorkerResource } from '../../../src/spec/resource/worker.ts';
import type { ApiContext } from '../context.ts';
import { wholePage } from '../resources/page.ts';
import { workerResource } from '../resources/worker.ts';
import { problems } from '../responses.ts';

export const workerRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { store, config } = context;

  app.get(
    '',
    {
      schema: {
        operationId: 'listWorkers',
        summary: 'List the workers that are alive, and what they compute on',
        tags: ['workers'],
        response: { 200: pageOf(WorkerResource), ...problems() },
      },
    },
    async () => {
      const alive = await store.workers.alive(new Date(Date.now() - config.timings.leaseMs));
      return wholePage(alive, workerResource);
    },
  );
};
