import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { FORMATS } from '../../src/data/formats/index.ts';
import type { JobSpecInput } from '../../src/spec/job.ts';
import { StartTraining, type TrainerMessage } from '../../src/spec/trainer.ts';
import { trainRun } from './train-run.ts';
import type { TrainingEngine } from './training-engine.ts';

/**
 * Trains a made-up job that nobody hears of. JavaScript’s engine reads and compiles code when it first runs: once it
 * has, a run’s first step comes a tenth of a second earlier.
 * @param directory where its files are meanwhile
 * @param signal ends it early: there is a run
 * @returns its last words
 */
export async function rehearse(
  engine: TrainingEngine,
  directory: string,
  signal: AbortSignal,
): Promise<TrainerMessage> {
  await mkdir(directory, { recursive: true });
  const workDirectory = await mkdtemp(join(directory, 'rehearsal-'));
  try {
    return await trainRun(await rehearsal(workDirectory), engine, async () => {}, signal);
  } finally {
    await rm(workDirectory, { recursive: true, force: true });
  }
}

const ROWS = 64;
const SIDE = 28;
const CLASSES = 10;

const SPEC: JobSpecInput = {
  data: { dataset: `ds_${'0'.repeat(26)}`, target: 'label' },
  model: {
    layers: [
      { type: 'conv2d', filters: 2, kernelSize: 3, activation: 'relu' },
      { type: 'maxPool', poolSize: 2 },
      { type: 'flatten' },
      { type: 'dense', units: 8, activation: 'relu' },
      { type: 'dropout', rate: 0.5 },
    ],
  },
  stages: [{ epochs: 1 }],
};

async function rehearsal(workDirectory: string): Promise<StartTraining> {
  const path = join(workDirectory, 'pictures.idx');
  const file = pictures();
  await writeFile(path, file);
  const schema = await FORMATS.idx.inferSchema(Readable.from([file]), { maxBytes: file.length });
  return StartTraining.parse({
    type: 'start',
    jobId: '',
    runId: '',
    spec: SPEC,
    dataset: { path, format: 'idx', schema },
    checkpoints: [],
    workDirectory,
    backend: '',
  });
}

/** Pictures and their labels, each an array of bytes in MNIST’s format. */
function pictures(): Buffer {
  const array = (...shape: number[]) => {
    const header = Buffer.from([0, 0, 8, shape.length, ...shape.flatMap((count) => [0, 0, 0, count])]);
    const count = shape.reduce((product, size) => product * size);
    return Buffer.concat([header, Buffer.from({ length: count }).map((_, i) => i % CLASSES)]);
  };
  return Buffer.concat([array(ROWS, SIDE, SIDE), array(ROWS)]);
}
