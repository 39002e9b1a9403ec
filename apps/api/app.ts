import { randomUUID } from 'node:crypto';
import Fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import { TrainyardError } from '../../src/jobs/errors.ts';
import type { ApiContext } from './context.ts';
import { handleErrors, sendProblem } from './error-handler.ts';
import { auth } from './plugins/auth.ts';
import { gracefulClose } from './plugins/graceful-close.ts';
import { idempotency } from './plugins/idempotency.ts';
import { jsonBody } from './plugins/json-body.ts';
import { linger } from './plugins/linger.ts';
import { loopbackOnly } from './plugins/loopback-only.ts';
import { refuseOtherMethods } from './plugins/method-not-allowed.ts';
import { openapi } from './plugins/openapi.ts';
import { requestRate } from './plugins/request-rate.ts';
import { HEADERS_WITHOUT_HOOKS, securityHeaders } from './plugins/security-headers.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { datasetRoutes } from './routes/datasets.ts';
import { healthRoutes } from './routes/health.ts';
import { jobArtifactRoutes } from './routes/job-artifacts.ts';
import { jobComparisonRoutes } from './routes/job-comparison.ts';
import { jobControlRoutes } from './routes/job-control.ts';
import { jobEventRoutes } from './routes/job-events.ts';
import { jobHistoryRoutes } from './routes/job-history.ts';
import { jobRoutes } from './routes/jobs.ts';
import { modelRoutes } from './routes/models.ts';
import { pipelineRoutes } from './routes/pipelines.ts';
import { problemRoutes } from './routes/problems.ts';
import { webhookRoutes } from './routes/webhooks.ts';
import { workerRoutes } from './routes/workers.ts';
import { validatorCompiler } from './validator.ts';

const MAX_JSON_BYTES = 5 * 1024 * 1024;
/** A connection on which nothing moves: an upload moves, and so does a watched stream, by its heartbeats. */
const IDLE_MS = 120_000;
/** The whole of one request, so also of the longest upload. */
const REQUEST_MS = 3_600_000;

/** The HTTP API over a wired context. It listens to nothing until it is told to. */
export async function buildApp(context: ApiContext): Promise<FastifyInstance> {
  const app = createServer(context);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  handleErrors(app);
  const refuseTheRest = refuseOtherMethods(app);

  await app.register(gracefulClose);
  await app.register(linger);
  if (context.config.openMode) await app.register(loopbackOnly);
  await app.register(securityHeaders);
  await app.register(jsonBody);
  await app.register(openapi);
  await app.register(healthRoutes, { context, prefix: '/health' });
  await app.register(problemRoutes);
  await app.register(version1, { context, prefix: '/v1' });
  refuseTheRest();
  return app;
}

/** Everything that asks for a key. */
const version1: FastifyPluginAsync<{ context: ApiContext }> = async (app, { context }) => {
  await app.register(requestRate, { context });
  await app.register(auth, { context });
  await app.register(idempotency);
  await app.register(datasetRoutes, { context, prefix: '/datasets' });
  await app.register(jobRoutes, { context, prefix: '/jobs' });
  await app.register(jobControlRoutes, { context, prefix: '/jobs' });
  await app.register(jobComparisonRoutes, { context, prefix: '/jobs' });
  await app.register(jobEventRoutes, { context, prefix: '/jobs' });
  await app.register(jobHistoryRoutes, { context, prefix: '/jobs' });
  await app.register(jobArtifactRoutes, { context, prefix: '/jobs' });
  await app.register(pipelineRoutes, { context, prefix: '/pipelines' });
  await app.register(modelRoutes, { context, prefix: '/models' });
  await app.register(webhookRoutes, { context, prefix: '/webhooks' });
  await app.register(apiKeyRoutes, { context, prefix: '/api-keys' });
  await app.register(workerRoutes, { context, prefix: '/workers' });
};

function createServer({ logger, config }: ApiContext): FastifyInstance {
  return Fastify({
    loggerInstance: logger as FastifyBaseLogger,
    genReqId: () => randomUUID(),
    // What a client writes into a header isn’t taken for its address.
    trustProxy: config.trustedProxies.length > 0 && [...config.trustedProxies],
    bodyLimit: MAX_JSON_BYTES,
    connectionTimeout: IDLE_MS,
    requestTimeout: REQUEST_MS,
    routerOptions: { maxParamLength: 300 },
    // Its own answer would be no problem document; `gracefulClose` refuses.
    return503OnClosing: false,
    frameworkErrors: (error, request, reply) => {
      reply.headers(HEADERS_WITHOUT_HOOKS);
      sendProblem(new TrainyardError('invalidRequest', error.message, { cause: error }), request, reply);
    },
  });
}
