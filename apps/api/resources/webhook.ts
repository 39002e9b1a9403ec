import type { DeliveryRow, WebhookRow } from '../../../src/jobs/rows.ts';
import type { DeliveryResource, WebhookResource } from '../../../src/spec/resource/webhook.ts';

/** The salt, and with it the secret, stays here. */
export function webhookResource({ id, url, events, description, createdAt }: WebhookRow): WebhookResource {
  const self = `/v1/webhooks/${id}`;
  return {
    id,
    url,
    events,
    description,
    createdAt: createdAt.toISOString(),
    urls: { self, test: `${self}/test`, deliveries: `${self}/deliveries` },
  };
}

export function deliveryResource(row: DeliveryRow): DeliveryResource {
  const { webhookId, id, type, jobId, sequence, status, attempts, answer, fault } = row;
  return {
    id,
    type,
    jobId,
    sequence,
    status,
    attempts,
    answer,
    fault,
    createdAt: row.createdAt.toISOString(),
    lastAttemptAt: row.lastAttemptAt?.toISOString() ?? null,
    nextAttemptAt: status === 'pending' ? row.nextAttemptAt.toISOString() : null,
    endedAt: row.endedAt?.toISOString() ?? null,
    urls: { replay: `/v1/webhooks/${webhookId}/deliveries/${id}/replay` },
  };
}
