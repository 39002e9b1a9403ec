import type { Store } from './ports.ts';
import type { DatasetRow, JobRow, ModelRow } from './rows.ts';

/** A model with what made it, as far as that is still there. */
export interface Ancestor {
  readonly model: ModelRow;
  readonly job: JobRow | null;
  readonly dataset: DatasetRow | null;
  /** Whether the model that it was built on is deleted, so that the lineage ends here. */
  readonly isParentDeleted: boolean;
}

/** The model itself, the one that it was built on, and so on, down to one that stands on none. */
export async function lineageOf(store: Store, model: ModelRow): Promise<Ancestor[]> {
  const ancestors = await ancestorsOf(store, model);
  const deleted = deletedAncestor(model, ancestors);
  return Promise.all(
    [model, ...ancestors].map(async (ancestor) => ({
      ...(await originOf(store, ancestor)),
      isParentDeleted: deleted !== null && ancestor.parentModelId === deleted,
    })),
  );
}

/** The models that a job or model was built on, the nearest first, as far as they are still there. */
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

/** The model that is missing next after these ancestors; null where they go down to one that stands on none. */
export function deletedAncestor(
  { parentModelId }: Pick<ModelRow, 'parentModelId'>,
  ancestors: readonly Pick<ModelRow, 'parentModelId'>[],
): string | null {
  const last = ancestors.at(-1);
  return last ? last.parentModelId : parentModelId;
}

async function originOf(
  { jobs, datasets }: Store,
  model: ModelRow,
): Promise<Omit<Ancestor, 'isParentDeleted'>> {
  const { projectId, jobId, datasetId } = model;
  return {
    model,
    job: jobId && (await jobs.get(jobId, projectId)),
    dataset: datasetId && (await datasets.get(datasetId, projectId)),
  } as Ancestor;
}
