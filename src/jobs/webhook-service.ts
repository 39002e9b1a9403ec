import { randomBytes } from 'node:crypto';
import type { WebhookRequest } from '../spec/resource/webhook.ts';
import { TrainyardError } from './errors.ts';
import { onceAKey } from './idempotency.ts';
import { newId } from './ids.ts';
import type { Outbound, Store } from './ports.ts';
import type { DeliveryRow, WebhookRow } from './rows.ts';
import type { Created, WebhookService } from './services.ts';
import { webhookSecret } from './webhook-secret.ts';

interface Dependencies {
  store: Store;
  outbound: Pick<Outbound, 'check'>;
  internalToken: string;
}

/** Of a project. Each event is written once for each of them. */
export const MOST_WEBHOOKS = 20;

export function createWebhookService({ store, outbound, internalToken }: Dependencies): WebhookService {
  return { create, delete: remove, test, replay };

  async function create(
    projectId: string,
    request: WebhookRequest,
    idempotencyKey?: string,
  ): Promise<Created<WebhookRow> & { secret: string | null }> {
    await outbound.check(request.url);
    const asked = { projectId, operation: 'createWebhook', key: idempotencyKey, content: request };
    const { answer: id, replayed } = await onceAKey(store, asked, (inside) =>
      insert(inside, projectId, request),
    );
    const row = await found(projectId, id);
    return { row, replayed, secret: replayed ? null : webhookSecret(internalToken, row.salt) };
  }

  async function insert(inside: Store, projectId: string, request: WebhookRequest): Promise<string> {
    await inside.projects.lock(projectId);
    if ((await inside.webhooks.count(projectId)) >= MOST_WEBHOOKS)
      throw new TrainyardError('tooManyWebhooks', `A project may have ${MOST_WEBHOOKS} webhooks`);
    const { url, events, description = null } = request;
    const [id, salt] = [newId('hook'), randomBytes(16).toString('hex')];
    await inside.webhooks.insert({ id, projectId, url, events, description, salt, createdAt: new Date() });
    return id;
  }

  async function remove(projectId: string, id: string): Promise<void> {
    if (!(await store.webhooks.delete(id, projectId))) throw absent(id);
  }

  async function test(
    projectId: string,
    webhookId: string,
    idempotencyKey?: string,
  ): Promise<Created<DeliveryRow>> {
    await found(projectId, webhookId);
    const asked = { projectId, operation: 'testWebhook', key: idempotencyKey, content: webhookId };
    const { answer: id, replayed } = await onceAKey(store, asked, async (inside) => {
      const id = newId('msg');
      await inside.deliveries.insertTest(webhookId, id);
      return id;
    });
    return { row: await delivery(webhookId, id), replayed };
  }

  async function replay(projectId: string, webhookId: string, id: string): Promise<DeliveryRow> {
    await found(projectId, webhookId);
    const { status } = await delivery(webhookId, id);
    if (status === 'pending' || !(await store.deliveries.replay(webhookId, id)))
      throw new TrainyardError('conflict', `The delivery “${id}” is still under way`);
    return delivery(webhookId, id);
  }

  async function found(projectId: string, id: string): Promise<WebhookRow> {
    const webhook = await store.webhooks.get(id, projectId);
    if (webhook === null) throw absent(id);
    return webhook;
  }

  async function delivery(webhookId: string, id: string): Promise<DeliveryRow> {
    const row = await store.deliveries.get(webhookId, id);
    if (row === null) throw new TrainyardError('notFound', `There is no delivery “${id}”`);
    return row;
  }
}

function absent(id: string): TrainyardError {
  return new TrainyardError('notFound', `There is no webhook “${id}”`);
}
