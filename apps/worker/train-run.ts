import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DataError } from '../../src/data/data-error.ts';
import { type PreparedData, prepareData } from '../../src/data/prepare-data.ts';
import { forwardOn } from '../../src/engine/compile/compiled-forward.ts';
import { compiledOrEager } from '../../src/engine/compile/compiled-or-eager.ts';
import type { Crew } from '../../src/engine/compile/run/crew.ts';
import { encodeModel } from '../../src/engine/predict/trained-model.ts';
import type { CreateExecutor } from '../../src/engine/train/executor.ts';
import { runStages } from '../../src/engine/train/run-stages.ts';
import type { TrainEvents } from '../../src/engine/train/train-events.ts';
import type { TrainJob } from '../../src/engine/train/train-job.ts';
import type { JobSpec } from '../../src/spec/job.ts';
import type { Preprocess } from '../../src/spec/preprocess.ts';
import type { StartTraining, TrainerMessage } from '../../src/spec/trainer.ts';
import { evaluateRun } from './evaluate-run.ts';
import { ownWeights, writeGenerator, writeSamples } from './generator-files.ts';
import { readCheckpoint } from './read-checkpoint.ts';
import { readParent } from './read-parent.ts';
import { trainJob } from './train-job.ts';
import type { TrainingEngine } from './training-engine.ts';

export type Tell = (message: TrainerMessage) => Promise<void>;

/** Trains a run from its start or from a checkpoint, and answers its last message. */
export async function trainRun(
  command: StartTraining,
  { device, crew }: TrainingEngine,
  tell: Tell,
  signal: AbortSignal,
): Promise<TrainerMessage> {
  const { spec, dataset, checkpoints, workDirectory } = command;
  const resume = await readCheckpoint(checkpoints, tell);
  await tell({ type: 'started', device: device.name, ...(resume && { resumedFrom: resume.position }) });

  const parent = await readParent(spec.model, command.parentPath);
  const data = await prepareData(dataset.path, dataset.format, dataset.schema, spec, parent);
  if (checkpoints.length === 0)
    for (const { code, message } of data.warnings) await tell({ type: 'warning', code, message });
  checkMonitored(spec, data);
  const job = { ...trainJob(spec, data, parent), ...(crew && { createExecutor: executorsOn(crew, tell) }) };
  const files = { preprocess: data.preprocess, workDirectory };
  const end = await runStages(job, relay(job, files, tell), signal, resume);
  if (end.outcome === 'stopped') return { type: 'stopped' };
  if (spec.stages.every(({ schedule }) => schedule.type === 'lrFinder')) return { type: 'searched' };

  const { evaluation, report } = await evaluateRun(
    job,
    spec,
    data.preprocess,
    end.weights,
    crew && forwardOn(crew),
  );
  const reportPath = join(workDirectory, 'evaluation.json');
  await writeFile(reportPath, JSON.stringify(report));
  await tell({ type: 'artifact', name: 'evaluation.json', path: reportPath, mediaType: 'application/json' });
  const modelPath = join(workDirectory, 'model.safetensors');
  const { network, generator } = job;
  await writeFile(modelPath, encodeModel(network.spec, data.preprocess, ownWeights(network, end.weights)));
  return {
    type: 'succeeded',
    modelPath,
    structure: { network: network.spec, preprocess: data.preprocess },
    evaluation,
    ...(generator && { generator: await writeGenerator({ ...files, generator, weights: end.weights }) }),
  };
}

function executorsOn(crew: Crew, tell: Tell): CreateExecutor {
  const told = new Set<string>();
  return compiledOrEager(crew, async (reason) => {
    // Each stage finds out for itself.
    if (told.has(reason)) return;
    told.add(reason);
    await tell({
      type: 'warning',
      code: 'notCompiled',
      message: `Steps are computed op by op, which is slower: the step can’t be compiled, since ${reason}.`,
    });
  });
}

/** Rows for validation can be planned and yet be missing: a split column may name none, or they were dropped. */
function checkMonitored({ stages }: JobSpec, { validation }: PreparedData): void {
  if (validation.count > 0) return;
  for (const { earlyStopping, schedule } of stages) {
    const monitors = [earlyStopping?.monitor, schedule.type === 'performance' ? schedule.monitor : undefined];
    const missing = monitors.find((monitor) => monitor?.startsWith('val_'));
    if (missing) throw new DataError(`a stage watches ${missing}, and no row is left to validate on`);
  }
}

interface Files {
  readonly preprocess: Preprocess;
  readonly workDirectory: string;
}

/** Training's events as messages; a checkpoint goes by way of a file. */
function relay({ generator, seed }: TrainJob, files: Files, tell: Tell): TrainEvents {
  const { workDirectory } = files;
  let written = 0;
  return {
    onStageEnd: async (stage, weights) => {
      const path = generator && (await writeSamples({ ...files, generator, weights }, stage, seed));
      if (path) await tell({ type: 'artifact', name: basename(path), path, mediaType: 'image/png' });
    },
    onStage: (stage) => tell({ type: 'stage', ...stage }),
    onProgress: (report) => tell({ type: 'progress', ...report }),
    onEarlyStopping: (stopping) => tell({ type: 'earlyStopping', ...stopping }),
    onLearningRate: async ({ curve, ...finding }) => {
      const name = `learning-rate-stage-${finding.stage}.json`;
      const path = join(workDirectory, name);
      await writeFile(path, JSON.stringify({ ...finding, curve }));
      await tell({ type: 'artifact', name, path, mediaType: 'application/json' });
      await tell({ type: 'learningRate', ...finding });
    },
    onCheckpoint: async (position, file) => {
      // A run that is stopped where it has just saved writes the same again, when the first file may be taken away.
      const path = join(workDirectory, `checkpoint-${++written}.safetensors`);
      await writeFile(path, file);
      await tell({ type: 'checkpoint', position, path });
    },
  };
}
