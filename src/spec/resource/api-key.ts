import { z } from 'zod';
import { Name, Timestamp } from '../common.ts';

export const Scope = z.enum(['read', 'write', 'admin']);
export type Scope = z.infer<typeof Scope>;

export const ApiKeyResource = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    scopes: z.array(Scope),
    project: z.string(),
    createdAt: Timestamp,
    lastUsedAt: Timestamp.nullable(),
  })
  .meta({ id: 'ApiKey' });
export type ApiKeyResource = z.infer<typeof ApiKeyResource>;

export const ApiKeyRequest = z.strictObject({
  name: Name,
  scopes: z.array(Scope).min(1),
  project: Name.optional().meta({
    description: 'Only the operator’s key may name another project; it is made when new.',
  }),
});

/** A new key. Only a hash of the secret is kept, so it is told this once; a replay answers null in its place. */
export const CreatedApiKey = ApiKeyResource.extend({ secret: z.string().nullable() }).meta({
  id: 'CreatedApiKey',
});
export type CreatedApiKey = z.infer<typeof CreatedApiKey>;
