import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance, FastifySchema } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import packageJson from '../../../package.json' with { type: 'json' };
import { JobSpec } from '../../../src/spec/job.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Documents a body that is streamed rather than validated, as media types with their JSON Schemas. */
    streamedBody?: Record<string, { schema: object }>;
  }
}

const DESCRIPTION = `Upload a data set, post a training job, watch it, and ask the trained model for predictions
with honest uncertainty.

Errors are \`application/problem+json\` (RFC 9457). Numbers that JSON lacks are the strings \`"NaN"\`, \`"Infinity"\`
and \`"-Infinity"\`. Lists are \`{ data, nextCursor }\`; give \`nextCursor\` back as \`?cursor=\` for the next page.
\`Idempotency-Key\` is honoured on every POST that creates something. Where requests are bounded, each answer says by
\`RateLimit-Limit\`, \`RateLimit-Remaining\` and \`RateLimit-Reset\` (seconds) what the project has left; beyond it the
answer is 429 with \`Retry-After\`.`;

const TAGS = ['datasets', 'jobs', 'pipelines', 'models', 'webhooks', 'api-keys', 'workers', 'service'];

/** The document is made of the schemas that validate. Register it before the routes. */
export const openapi = fastifyPlugin(async (app) => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Trainyard',
        description: DESCRIPTION,
        version: packageJson.version,
        license: { name: 'MIT' },
      },
      tags: TAGS.map((name) => ({ name })),
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
      security: [{ apiKey: [] }],
    },
    transform: (input) => {
      const transformed = jsonSchemaTransform(input as Parameters<typeof jsonSchemaTransform>[0]);
      const content = input.route.config?.streamedBody;
      return content === undefined ? transformed : withBody(transformed, content);
    },
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    // Everything comes from this service, so that the page works without a network.
    staticCSP: {
      'default-src': "'self'",
      'img-src': ["'self'", 'data:'],
      'style-src': ["'self'", "'unsafe-inline'"],
      'frame-ancestors': "'none'",
    },
    uiConfig: { validatorUrl: null, persistAuthorization: false },
  });
  publishDocuments(app);
});

function withBody<T extends { schema: FastifySchema }>(transformed: T, content: object): T {
  return { ...transformed, schema: { ...transformed.schema, body: { content } } };
}

function publishDocuments(app: FastifyInstance): void {
  const jobSpecSchema = {
    ...z.toJSONSchema(JobSpec, { io: 'input', target: 'draft-2020-12' }),
    title: 'Trainyard job spec',
  };
  app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger());
  app.get('/schemas/job-spec.json', { schema: { hide: true } }, async (_request, reply) =>
    reply.type('application/schema+json').send(jobSpecSchema),
  );
}
