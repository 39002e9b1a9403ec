import { randomBytes } from 'node:crypto';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import { fingerprint, settled } from '../../../src/jobs/idempotency.ts';
import { newId } from '../../../src/jobs/ids.ts';
import type { Store } from '../../../src/jobs/ports.ts';
import { ApiKeyRequest, ApiKeyResource, CreatedApiKey } from '../../../src/spec/resource/api-key.ts';
import { PageQuery, pageOf } from '../../../src/spec/resource/page.ts';
import type { ApiContext } from '../context.ts';
import { type Caller, secretHash } from '../plugins/auth.ts';
import { apiKeyResource } from '../resources/api-key.ts';
import { pageResource } from '../resources/page.ts';
import { NoContent, problems } from '../responses.ts';
import { IdParams } from './params.ts';

const tags = ['api-keys'];
const config = { scope: 'admin' } as const;

export const apiKeyRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { store } = context;

  app.post(
    '',
    {
      config,
      schema: {
        operationId: 'createApiKey',
        summary: 'Make an API key',
        description: 'The secret is shown this once. Honours `Idempotency-Key`; a replay has no secret.',
        tags,
        body: ApiKeyRequest,
        response: {
          201: CreatedApiKey,
          ...problems('tooLarge', 'unsupportedMediaType', 'idempotencyInFlight', 'idempotencyMismatch'),
        },
      },
    },
    async (request, reply) => {
      const { caller, body, idempotencyKey } = request;
      requireOwnProject(caller, body.project);
      const { key, replayed } = await create(caller, body, idempotencyKey);
      return reply
        .code(201)
        .replayed(replayed)
        .header('location', `/v1/api-keys/${key.id}`)
        .header('cache-control', 'no-store')
        .send(key);
    },
  );

  app.get(
    '',
    {
      config,
      schema: {
        operationId: 'listApiKeys',
        summary: 'List the project’s API keys',
        tags,
        querystring: PageQuery,
        response: { 200: pageOf(ApiKeyResource), ...problems() },
      },
    },
    async (request) =>
      pageResource(await store.apiKeys.list(request.caller.projectId, request.query), apiKeyResource),
  );

  app.delete(
    '/:id',
    {
      config,
      schema: {
        operationId: 'deleteApiKey',
        summary: 'Revoke an API key',
        tags,
        params: IdParams,
        response: { 204: NoContent, ...problems('notFound') },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (!(await store.apiKeys.delete(id, request.caller.projectId))) {
        throw new TrainyardError('notFound', `There is no API key “${id}”`);
      }
      return reply.code(204).send();
    },
  );

  async function create(caller: Caller, body: z.infer<typeof ApiKeyRequest>, idempotencyKey?: string) {
    const secret = `ty_${randomBytes(32).toString('base64url')}`;
    const work = (inside: Store) => insert(inside, caller, body, secret);
    if (idempotencyKey === undefined) return { key: { ...(await work(store)), secret }, replayed: false };
    const request = {
      projectId: caller.projectId,
      key: idempotencyKey,
      operation: 'createApiKey',
      fingerprint: fingerprint(body),
    };
    const { answer, replayed } = settled(await store.idempotent(request, work));
    return { key: { ...answer, secret: replayed ? null : secret }, replayed };
  }
};

/** Without the secret, so that no replay has to keep it. */
async function insert(
  store: Store,
  caller: Caller,
  body: z.infer<typeof ApiKeyRequest>,
  secret: string,
): Promise<ApiKeyResource> {
  const project = body.project ?? caller.project;
  const row = {
    id: newId('key'),
    projectId: body.project === undefined ? caller.projectId : await store.projects.ensure(project),
    project,
    name: body.name,
    scopes: [...new Set(body.scopes)],
    hash: secretHash(secret),
    createdAt: new Date(),
    lastUsedAt: null,
  };
  await store.apiKeys.insert(row);
  return apiKeyResource(row);
}

function requireOwnProject(caller: Caller, project: string | undefined): void {
  if (project === undefined || project === caller.project || caller.operator) return;
  throw new TrainyardError('forbidden', 'Only the operator’s key may name another project');
}
