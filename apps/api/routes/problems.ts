import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../../src/jobs/errors.ts';
import { publicProblems } from '../responses.ts';

const codes = Object.keys(ERRORS) as [ErrorCode, ...ErrorCode[]];
const ProblemType = z
  .strictObject({ type: z.string(), code: z.enum(codes), status: z.int(), title: z.string() })
  .meta({ id: 'ProblemType' });

/** What the `type` of a problem leads to. */
export const problemRoutes: FastifyPluginAsyncZod = async (app) => {
  app.get(
    '/problems/:code',
    {
      schema: {
        operationId: 'getProblemType',
        summary: 'Look up a kind of problem',
        tags: ['service'],
        security: [],
        params: z.strictObject({ code: z.enum(codes) }),
        response: { 200: ProblemType, ...publicProblems('invalidRequest') },
      },
    },
    async (request) => {
      const { code } = request.params;
      const [status, title] = ERRORS[code];
      return { type: `/problems/${code}`, code, status, title };
    },
  );
};
