import { z } from 'zod';
import { Timestamp } from '../common.ts';
import { WebAddress } from '../web-address.ts';
import { EventType } from './event.ts';

/** What a webhook can be told of: the events of jobs, by their types. */
export const WebhookEvent = z.enum(EventType.options.map((type) => `job.${type}` as const));
export type WebhookEvent = z.infer<typeof WebhookEvent>;

export const MessageType = z.enum([...WebhookEvent.options, 'webhook.test']);
export type MessageType = z.infer<typeof MessageType>;

export const WebhookRequest = z.strictObject({
  url: WebAddress.meta({ description: 'Gets a POST for each event. Redirects aren’t followed.' }),
  events: z
    .array(WebhookEvent)
    .min(1)
    .max(50)
    .default(['job.status'])
    .transform((events) => [...new Set(events)]),
  description: z.string().max(500).optional(),
});
export type WebhookRequest = z.infer<typeof WebhookRequest>;

export const WebhookResource = z
  .strictObject({
    id: z.string(),
    url: z.string(),
    events: z.array(WebhookEvent),
    description: z.string().nullable(),
    createdAt: Timestamp,
    urls: z.strictObject({ self: z.string(), test: z.string(), deliveries: z.string() }),
  })
  .meta({ id: 'Webhook' });
export type WebhookResource = z.infer<typeof WebhookResource>;

/** A new webhook. The secret isn’t kept, so it is told this once; a replay answers null in its place. */
export const CreatedWebhook = WebhookResource.extend({
  secret: z.string().nullable().meta({ description: '`whsec_…`: what signatures are to be verified with.' }),
}).meta({ id: 'CreatedWebhook' });
export type CreatedWebhook = z.infer<typeof CreatedWebhook>;

/** `gaveUp`: no attempt of many succeeded. */
export const DeliveryStatus = z.enum(['pending', 'delivered', 'gaveUp']);
export type DeliveryStatus = z.infer<typeof DeliveryStatus>;

export const DeliveryResource = z
  .strictObject({
    id: z.string().meta({ description: 'The `webhook-id` that the message has, each time it is sent.' }),
    type: MessageType,
    jobId: z.string().nullable().meta({ description: 'Null for a test, as is the sequence.' }),
    sequence: z.int().nullable(),
    status: DeliveryStatus,
    attempts: z.int(),
    answer: z.int().nullable().meta({ description: 'The HTTP status that the last attempt was answered.' }),
    fault: z.string().nullable().meta({ description: 'Why the last attempt was answered nothing.' }),
    createdAt: Timestamp,
    lastAttemptAt: Timestamp.nullable(),
    nextAttemptAt: Timestamp.nullable(),
    endedAt: Timestamp.nullable(),
    urls: z.strictObject({ replay: z.string() }),
  })
  .meta({ id: 'Delivery' });
export type DeliveryResource = z.infer<typeof DeliveryResource>;
