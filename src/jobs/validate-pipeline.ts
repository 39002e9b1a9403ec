import { Problems, pointerTo } from '../data/problems.ts';
import type { DatasetSchema } from '../spec/dataset.ts';
import type { ParentModel } from '../spec/parent.ts';
import type { PipelineJobSpec, PipelineSpec } from '../spec/pipeline.ts';
import { TrainyardError } from './errors.ts';
import type { Store } from './ports.ts';
import { refused, schemaOf, storedParent } from './prerequisites.ts';
import type { DatasetRow } from './rows.ts';
import type { PipelineValidation, Validation } from './services.ts';
import { validateJob } from './validate-job.ts';

type FindDataset = (id: string) => Promise<DatasetRow | null>;

/**
 * Checks the jobs of a pipeline in their order: one that builds on an earlier one against the network which that is
 * going to make. Pointers lead into the pipeline’s spec.
 * @param findDataset looks one up in the project, or locks it too
 * @throws TrainyardError invalidSpec, with a pointer to each fault
 */
export async function validatePipeline(
  store: Store,
  projectId: string,
  { jobs }: PipelineSpec,
  findDataset: FindDataset,
): Promise<PipelineValidation> {
  const problems = new Problems();
  /** By name; null for one that has faults of its own. */
  const earlier = new Map<string, Validation | null>();
  for (const [i, job] of jobs.entries()) {
    const validation = await attempt(() => validateNext(job, earlier), pointerTo('jobs', i), problems);
    earlier.set(job.name, validation);
  }
  if (problems.found.length > 0) throw invalid(problems);
  return jobs.map(({ name }, i) => ({ name, ...pointedInto(earlier.get(name)!, pointerTo('jobs', i)) }));

  async function validateNext(
    job: PipelineJobSpec,
    before: ReadonlyMap<string, Validation | null>,
  ): Promise<Validation | null> {
    const schema: DatasetSchema = schemaOf(await findDataset(job.data.dataset), job);
    const parent = await parentFor(job, before);
    // What it stands on has faults, which are told: nothing can be said of it yet.
    return parent === null ? null : validateJob(job, schema, parent);
  }

  /** Null where an earlier job’s network isn’t known. */
  async function parentFor(
    job: PipelineJobSpec,
    before: ReadonlyMap<string, Validation | null>,
  ): Promise<ParentModel | undefined | null> {
    const { from } = job.model;
    if (!from || 'model' in from) return storedParent(store, projectId, job);
    const validation = before.get(from.job);
    if (validation === undefined)
      throw refused('/model/from/job', `no earlier job of the pipeline is named “${from.job}”`);
    if (validation === null) return null;
    if (validation.model) return { ...validation.model, field: 'job' };
    throw refused(
      '/model/from/job',
      `“${from.job}” only searches for a learning rate: it makes no model to build on`,
    );
  }
}

/** Null where the job has faults, which are noted. */
async function attempt(
  validate: () => Promise<Validation | null>,
  base: string,
  problems: Problems,
): Promise<Validation | null> {
  try {
    return await validate();
  } catch (error) {
    if (!(error instanceof TrainyardError) || error.code !== 'invalidSpec') throw error;
    for (const { pointer, message } of error.errors) problems.add(base + pointer, message);
    return null;
  }
}

function pointedInto(validation: Validation, base: string): Validation {
  const warnings = validation.warnings.map((warning) => ({ ...warning, pointer: base + warning.pointer }));
  return { ...validation, warnings };
}

function invalid({ found }: Problems): TrainyardError {
  const detail = found.map(({ message }) => message).join('; ');
  return new TrainyardError('invalidSpec', detail, { errors: found });
}
