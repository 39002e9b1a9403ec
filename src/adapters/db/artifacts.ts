import type { Store } from '../../jobs/ports.ts';
import type { ArtifactRow } from '../../jobs/rows.ts';
import type { Artifact } from './generated/client.ts';
import type { Session } from './session.ts';

export function artifactStore({ sql }: Session): Store['artifacts'] {
  return {
    async put(artifact) {
      const { jobId, name } = artifact;
      const where = { jobId_name: { jobId, name } };
      await sql.artifact.upsert({ where, create: artifact, update: artifact });
    },

    async list(jobId) {
      const rows = await sql.artifact.findMany({ where: { jobId }, orderBy: { name: 'asc' } });
      return rows.map(toArtifactRow);
    },

    async get(jobId, name) {
      const row = await sql.artifact.findUnique({ where: { jobId_name: { jobId, name } } });
      return row && toArtifactRow(row);
    },
  };
}

function toArtifactRow(row: Artifact): ArtifactRow {
  return { ...row, bytes: Number(row.bytes) };
}
