import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { PageQuery, pageOf } from '../../../src/spec/resource/page.ts';
import {
  CreatedWebhook,
  DeliveryResource,
  DeliveryStatus,
  WebhookRequest,
  WebhookResource,
} from '../../../src/spec/resource/webhook.ts';
import type { ApiContext } from '../context.ts';
import { pageResource } from '../resources/page.ts';
import { deliveryResource, webhookResource } from '../resources/webhook.ts';
import { NoContent, POLL_AFTER_SECONDS, problems } from '../responses.ts';
import { found } from './found.ts';
import { IdParams } from './params.ts';

const tags = ['webhooks'];
const DeliveryParams = IdParams.extend({ deliveryId: z.string().max(64) });
const DeliveryQuery = PageQuery.extend({ status: DeliveryStatus.optional() });

const CREATE = `Each event of the project’s jobs that \`events\` names, from now on, is posted to the \`url\` as
\`{ "type": "job.status", "timestamp": …, "data": … }\`; \`data\` is the event as \`GET /v1/jobs/{id}/events\` has it.

Messages follow Standard Webhooks: verify \`webhook-id\`, \`webhook-timestamp\` and \`webhook-signature\` with the secret, which
is shown this once. Any 2xx within 10 s takes a message; otherwise it comes again, 7 times within 18 hours, then it is given
up, as is what waits behind failing ones for 3 days. A message may come twice, with the same \`webhook-id\`, and later than
one that follows it: order a job’s events by their \`sequence\`.

The address must be public, whenever it is asked, unless the operator allows it. Honours \`Idempotency-Key\`; a replay has
no secret.`;

export const webhookRoutes: FastifyPluginAsyncZod<{ context: ApiContext }> = async (app, { context }) => {
  const { webhooks, store } = context;

  app.post(
    '',
    {
      schema: {
        operationId: 'createWebhook',
        summary: 'Have an address told of what jobs do',
        description: CREATE,
        tags,
        body: WebhookRequest,
        response: {
          201: CreatedWebhook,
          ...problems(
            'invalidUrl',
            'tooManyWebhooks',
            'tooLarge',
            'unsupportedMediaType',
            'idempotencyInFlight',
            'idempotencyMismatch',
          ),
        },
      },
    },
    async (request, reply) => {
      const { caller, body, idempotencyKey } = request;
      const { row, replayed, secret } = await webhooks.create(caller.projectId, body, idempotencyKey);
      const webhook = webhookResource(row);
      return reply
        .code(201)
        .replayed(replayed)
        .header('location', webhook.urls.self)
        .header('cache-control', 'no-store')
        .send({ ...webhook, secret });
    },
  );

  app.get(
    '',
    {
      schema: {
        operationId: 'listWebhooks',
        summary: 'List the project’s webhooks, the oldest first',
        tags,
        querystring: PageQuery,
        response: { 200: pageOf(WebhookResource), ...problems() },
      },
    },
    async (request) =>
      pageResource(await store.webhooks.list(request.caller.projectId, request.query), webhookResource),
  );

  app.get(
    '/:id',
    {
      schema: {
        operationId: 'getWebhook',
        summary: 'Get a webhook',
        tags,
        params: IdParams,
        response: { 200: WebhookResource, ...problems('notFound') },
      },
    },
    async (request) => webhookResource(await visible(request.params.id, request.caller.projectId)),
  );

  app.delete(
    '/:id',
    {
      schema: {
        operationId: 'deleteWebhook',
        summary: 'Delete a webhook, and what it is yet to be told',
        tags,
        params: IdParams,
        response: { 204: NoContent, ...problems('notFound') },
      },
    },
    async (request, reply) => {
      await webhooks.delete(request.caller.projectId, request.params.id);
      return reply.code(204).send();
    },
  );

  app.post(
    '/:id/test',
    {
      schema: {
        operationId: 'testWebhook',
        summary: 'Have a webhook sent a message of the type `webhook.test`',
        description: 'What came of it is in the list of deliveries. Honours `Idempotency-Key`.',
        tags,
        params: IdParams,
        response: {
          202: DeliveryResource,
          ...problems('notFound', 'idempotencyInFlight', 'idempotencyMismatch'),
        },
      },
    },
    async (request, reply) => {
      const { caller, params, idempotencyKey } = request;
      const { row, replayed } = await webhooks.test(caller.projectId, params.id, idempotencyKey);
      return reply
        .code(202)
        .replayed(replayed)
        .header('retry-after', POLL_AFTER_SECONDS)
        .send(deliveryResource(row));
    },
  );

  app.get(
    '/:id/deliveries',
    {
      schema: {
        operationId: 'listDeliveries',
        summary: 'List what a webhook was told, or is to be told, the oldest first',
        description: 'Those that have ended are kept for 7 days.',
        tags,
        params: IdParams,
        querystring: DeliveryQuery,
        response: { 200: pageOf(DeliveryResource), ...problems('notFound') },
      },
    },
    async (request) => {
      const { limit, cursor, ...filter } = request.query;
      const { id } = await visible(request.params.id, request.caller.projectId);
      return pageResource(await store.deliveries.list(id, filter, { limit, cursor }), deliveryResource);
    },
  );

  app.post(
    '/:id/deliveries/:deliveryId/replay',
    {
      schema: {
        operationId: 'replayDelivery',
        summary: 'Deliver a message again that was delivered or given up',
        tags,
        params: DeliveryParams,
        response: { 202: DeliveryResource, ...problems('notFound', 'conflict') },
      },
    },
    async (request, reply) => {
      const { id, deliveryId } = request.params;
      const row = await webhooks.replay(request.caller.projectId, id, deliveryId);
      return reply.code(202).header('retry-after', POLL_AFTER_SECONDS).send(deliveryResource(row));
    },
  );

  async function visible(id: string, projectId: string) {
    return found(await store.webhooks.get(id, projectId), 'webhook', id);
  }
};
