import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import type { ApiContext } from '../context.ts';
import { publicProblems } from '../responses.ts';

const PING_TIMEOUT_MS = 2_000;
const RETRY_AFTER_SECONDS = 5;

const Healthy = z.strictObject({ status: z.literal('ok') });
const common = { tags: ['service'], security: [] };

export const healthRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { store, queue, blobs } = context;
  const parts = {
    database: () => store.ping(),
    queue: () => queue.ping(),
    blobs: () => blobs.ping(),
  };

  app.get(
    '/live',
    {
      schema: {
        operationId: 'getLiveness',
        summary: 'The process answers',
        ...common,
        response: { 200: Healthy, ...publicProblems() },
      },
    },
    async () => ({ status: 'ok' as const }),
  );

  app.get(
    '/ready',
    {
      schema: {
        operationId: 'getReadiness',
        summary: 'Everything that requests need is there',
        ...common,
        response: { 200: Healthy, ...publicProblems('unavailable') },
      },
    },
    async (request) => {
      const failing = (await Promise.all(Object.entries(parts).map(check))).filter(
        (name) => name !== undefined,
      );
      if (failing.length === 0) return { status: 'ok' as const };
      throw new TrainyardError('unavailable', `Not ready: ${failing.join(', ')}`, {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
      });

      /** The part's name if it fails; why is for the log, not for the public. */
      async function check([name, ping]: [string, () => Promise<void>]): Promise<string | undefined> {
        try {
          await within(PING_TIMEOUT_MS, ping());
          return undefined;
        } catch (error) {
          request.log.warn({ err: error, part: name }, 'not ready');
          return name;
        }
      }
    },
  );
};

async function within(timeoutMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  });
  await Promise.race([work, late]).finally(() => clearTimeout(timer));
}
