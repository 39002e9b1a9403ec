import { toJsonNumbers } from '../spec/common.ts';
import type { ModelStage } from '../spec/resource/model.ts';
import type { StageSpec } from '../spec/stage.ts';
import type { MadeModel } from '../spec/trainer.ts';
import { describeModel } from './describe-model.ts';
import { newId } from './ids.ts';
import type { Store, StoredBlob } from './ports.ts';
import type { ArtifactRow, JobRow } from './rows.ts';

/** A model that a run made, and what it is to be called. */
export interface NamedModel extends MadeModel {
  readonly evaluation: Record<string, number>;
  readonly name: string;
  readonly artifact: string;
}

/** Registers a model of a job, and its file as an artifact. @returns its id */
export async function putModel(
  inside: Store,
  job: JobRow,
  { structure, evaluation, name, artifact }: NamedModel,
  { key: blobKey, bytes }: StoredBlob,
): Promise<string> {
  const id = newId('mdl');
  const row = {
    ...describeModel(structure),
    id,
    projectId: job.projectId,
    jobId: job.id,
    datasetId: job.datasetId,
    parentModelId: job.parentModelId,
    name,
    imported: null,
    seed: job.spec.seed,
    stages: job.spec.stages.map(lineageOf),
    blobKey,
    bytes,
    evaluation,
    createdAt: new Date(),
  };
  const { version } = await inside.models.insert(row, structure);
  await putArtifact(inside, job, { name: artifact, mediaType: 'application/octet-stream', blobKey, bytes });
  const data = { modelId: id, version, evaluation: toJsonNumbers(evaluation) };
  await inside.events.append(job.id, 'model', data);
  return id;
}

export async function putArtifact(
  inside: Store,
  job: JobRow,
  content: Pick<ArtifactRow, 'name' | 'mediaType' | 'blobKey' | 'bytes'>,
): Promise<void> {
  await inside.artifacts.put({ ...content, id: newId('art'), jobId: job.id, createdAt: new Date() });
  await inside.events.append(job.id, 'artifact', { name: content.name, bytes: content.bytes });
}

function lineageOf({ name, objective, trainable, epochs }: StageSpec, i: number): ModelStage {
  return { name: name ?? `stage-${i + 1}`, objective: objective.type, trainable, epochs };
}
