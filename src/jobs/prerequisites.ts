import type { DatasetSchema } from '../spec/dataset.ts';
import type { JobSpec } from '../spec/job.ts';
import { type ParentModel, parentOf } from '../spec/parent.ts';
import { TrainyardError } from './errors.ts';
import type { Store } from './ports.ts';
import type { DatasetRow } from './rows.ts';

/** What a spec names that must be there before it. */

/** @throws TrainyardError invalidSpec where there is none */
export function schemaOf(dataset: DatasetRow | null, { data }: JobSpec): DatasetSchema {
  if (dataset) return dataset.schema;
  throw refused('/data/dataset', `there is no data set “${data.dataset}”`);
}

/**
 * The stored model that a spec builds on, if it does.
 * @throws TrainyardError invalidSpec where there is none
 */
export async function storedParent(
  store: Store,
  projectId: string,
  { model: { from } }: JobSpec,
): Promise<ParentModel | undefined> {
  if (!from) return undefined;
  if ('job' in from)
    throw refused('/model/from/job', 'only in a pipeline can a job build on another: name its model here');
  const structure = await store.models.structureOf(from.model, projectId);
  if (structure) return parentOf(structure.network, structure.preprocess);
  const message = (await store.models.get(from.model, projectId))
    ? `the model “${from.model}” was made by a version that kept too little of it; train it anew`
    : `there is no model “${from.model}”`;
  throw refused('/model/from/model', message);
}

/** Keeps the model that a spec builds on from being deleted until the transaction ends. */
export async function lockParent(
  inside: Store,
  projectId: string,
  { model: { from } }: JobSpec,
): Promise<void> {
  if (from && 'model' in from) await inside.models.lockForUse(from.model, projectId);
}

export function refused(pointer: string, message: string): TrainyardError {
  return new TrainyardError('invalidSpec', message, { errors: [{ pointer, message }] });
}
