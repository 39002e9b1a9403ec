import type { ApiKeyRow } from '../../../src/jobs/rows.ts';
import type { ApiKeyResource } from '../../../src/spec/resource/api-key.ts';

/** Neither the secret nor its hash leaves here. */
export function apiKeyResource(row: ApiKeyRow): ApiKeyResource {
  return {
    id: row.id,
    name: row.name,
    scopes: row.scopes,
    project: row.project,
    createdAt: row.createdAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  };
}
