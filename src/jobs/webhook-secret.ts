import { hkdfSync } from 'node:crypto';

const PURPOSE = 'trainyard webhook secret';

/**
 * What a webhook's messages are signed with: `whsec_` and 32 bytes, base64. It is made anew whenever it is needed, of the
 * service's internal token and the webhook's random salt, by HKDF (RFC 5869) with SHA-256: who signs must have it in
 * clear, so a hash wouldn't do; this way the database alone, or a copy of it, signs nothing. See docs/adr/0015.
 */
export function webhookSecret(internalToken: string, salt: string): string {
  const key = hkdfSync('sha256', internalToken, Buffer.from(salt, 'hex'), PURPOSE, 32);
  return `whsec_${Buffer.from(key).toString('base64')}`;
}
