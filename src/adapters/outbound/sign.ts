import { Webhook } from 'standardwebhooks';
import type { SignedMessage } from '../../jobs/ports.ts';

/** Signed as of now: receivers refuse what was signed minutes ago, also when it is sent again. */
export function signatureHeaders({ id, body, secret }: Omit<SignedMessage, 'url'>): Record<string, string> {
  const now = new Date();
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, now, body),
  };
}
