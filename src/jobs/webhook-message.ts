import type { EventResource } from '../spec/resource/event.ts';
import { eventResource } from './event-resource.ts';
import type { ClaimedDelivery } from './ports.ts';

/** The body that a webhook gets: the event as the API tells it too, or a test that says whose it is. */
export function webhookMessage({ type, createdAt, webhookId, event }: ClaimedDelivery): {
  type: string;
  timestamp: string;
  data: EventResource | { webhookId: string };
} {
  if (event === null) return { type, timestamp: createdAt.toISOString(), data: { webhookId } };
  const data = eventResource(event);
  return { type, timestamp: data.createdAt, data };
}
