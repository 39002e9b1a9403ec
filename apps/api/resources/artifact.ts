import type { ArtifactRow } from '../../../src/jobs/rows.ts';
import type { ArtifactResource } from '../../../src/spec/resource/artifact.ts';

export function artifactResource(row: ArtifactRow): ArtifactResource {
  return {
    id: row.id,
    jobId: row.jobId,
    name: row.name,
    mediaType: row.mediaType,
    bytes: row.bytes,
    sha256: row.blobKey,
    createdAt: row.createdAt.toISOString(),
    url: `/v1/jobs/${row.jobId}/artifacts/${encodeURIComponent(row.name)}`,
  };
}
