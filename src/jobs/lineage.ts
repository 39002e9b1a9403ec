import type { Store } from './ports.ts';
import type { DatasetRow, JobRow, ModelRow } from './rows.ts';

/** A model with what made it, as far as that is still there. */
export interface Ancestor {
  readonly model: ModelRow;
  readonly job: JobRow | null;
  readonly dataset: DatasetRow | null;
}

/** The model itself, the one that it was built on, and so on, down to one that stands on none. */
export async function lineageOf(store: Store, model: ModelRow): Promise<Ancestor[]> {
  const chain = [model, ...(await ancestorsOf(store, model))];
  return Promise.all(chain.map((ancestor) => withOrigin(store, ancestor)));
}

/** The models that a job or model was built on, the nearest first. */
export async function ancestorsOf(
  store: Pick<Store, 'models'>,
  { projectId, parentModelId }: Pick<ModelRow, 'projectId' | 'parentModelId'>,
): Promise<ModelRow[]> {
  const ancestors: ModelRow[] = [];
  for (let id = parentModelId; id !== null; id = ancestors.at(-1)!.parentModelId) {
    const model = await store.models.get(id, projectId);
    if (!model) break;
    ancestors.push(model);
  }
  return ancestors;
}

async function withOrigin({ jobs, datasets }: Store, model: ModelRow): Promise<Ancestor> {
  const { projectId, jobId, datasetId } = model;
  return {
    model,
    job: jobId && (await jobs.get(jobId, projectId)),
    dataset: datasetId && (await datasets.get(datasetId, projectId)),
  } as Ancestor;
}
