import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { ZodError } from 'zod';
import { DataError } from '../../src/data/data-error.ts';
import { FORMATS } from '../../src/data/formats/index.ts';
import { prepareData } from '../../src/data/prepare-data.ts';
import { startBackend } from '../../src/engine/backends/start.ts';
import { explainStep } from '../../src/engine/compile/explain.ts';
import { UnrecordableError } from '../../src/engine/compile/record/recorder.ts';
import type { DatasetFormat, DatasetSchema } from '../../src/spec/dataset.ts';
import { JobSpec } from '../../src/spec/job.ts';
import { trainJob } from './train-job.ts';

/**
 * Shows what the steps of a job's first stage are compiled to: `explain spec.json [data file]`. The spec's
 * `data.dataset` may be the path of a file, from the spec's folder, instead of an uploaded data set's id.
 */
async function explain([specPath, dataPath]: readonly string[]): Promise<string> {
  if (specPath === undefined) throw new DataError('explain takes the path of a job spec');
  const given = JSON.parse(await readFile(specPath, 'utf8')) as { data?: { dataset?: unknown } };
  const named = given.data?.dataset;
  const path = dataPath ?? (typeof named === 'string' && !named.startsWith('ds_') ? named : undefined);
  if (path === undefined)
    throw new DataError('explain needs the data: give the path of a file after the spec');
  const file = dataPath ? resolve(dataPath) : resolve(dirname(specPath), path);
  const spec = JobSpec.parse({ ...given, data: { ...given.data, dataset: NO_DATASET } });
  const { format, schema } = await describe(file);
  await startBackend('wasm');
  const job = trainJob(spec, await prepareData(file, format, schema, spec, undefined), undefined);
  return explainStep(job);
}

/** An id in an uploaded data set's form. */
const NO_DATASET = `ds_${'0'.repeat(26)}`;
const MOST_BYTES = 1_073_741_824;

async function describe(path: string): Promise<{ format: DatasetFormat; schema: DatasetSchema }> {
  const format = extname(path).slice(1).toLowerCase() as DatasetFormat;
  if (!(format in FORMATS)) {
    throw new DataError(
      `the data must be a file of one of these kinds: .${Object.keys(FORMATS).join(', .')}`,
    );
  }
  const reader = FORMATS[format];
  const options = { maxBytes: MOST_BYTES };
  const schema =
    reader.reads === 'stream'
      ? await reader.inferSchema(createReadStream(path), options)
      : await reader.inferSchema(path, options);
  return { format, schema };
}

function reasonOf(error: unknown): unknown {
  if (error instanceof ZodError) {
    return error.issues.map(({ path, message }) => `/${path.join('/')}: ${message}`).join('\n');
  }
  if (error instanceof UnrecordableError) return `The step is computed op by op, since ${error.message}.`;
  const isExpected =
    error instanceof DataError || error instanceof SyntaxError || 'code' in (error as object);
  return isExpected ? (error as Error).message : error;
}

explain(process.argv.slice(2)).then(
  (text) => console.log(text),
  (error) => {
    console.error(reasonOf(error));
    process.exitCode = 1;
  },
);
