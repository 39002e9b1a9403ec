import { toJsonNumbers } from '../spec/common.ts';
import type { EpochReport, Position, TrainerMessage } from '../spec/trainer.ts';
import { newId } from './ids.ts';
import { isTerminal, mayBecome } from './lifecycle.ts';
import type { BlobStore, Store } from './ports.ts';
import { type NamedModel, putArtifact, putModel } from './record-model.ts';
import type { JobRow } from './rows.ts';
import { createRunFiles } from './run-files.ts';
import { type Claim, endCancelled, endSucceeded, type RunService } from './run-service.ts';

type Message<T extends TrainerMessage['type']> = Extract<TrainerMessage, { type: T }>;

/** Writes down what a trainer tells. Every write names the run's fence. */
export interface RunRecorder {
  /** Records one message; in order, one at a time. @throws FenceLostError, TrainyardError unavailable */
  record(message: Exclude<TrainerMessage, { type: 'stopped' | 'failed' }>): Promise<void>;
  /** Discards the files that were taken and that nothing was written of. */
  abandon(): Promise<void>;
}

export function createRunRecorder(
  { store, blobs, runs }: { store: Store; blobs: BlobStore; runs: RunService },
  claim: Claim,
): RunRecorder {
  const { job, run } = claim;
  const files = createRunFiles({ store, blobs, runs }, claim);

  async function started({ device, resumedFrom }: Message<'started'>): Promise<void> {
    const resumedFromStep = resumedFrom?.step ?? null;
    await runs.write(claim, async (inside) => {
      await inside.runs.setDevice(run.id, device, resumedFromStep);
      await inside.events.append(job.id, 'run', {
        runId: run.id,
        attempt: run.attempt,
        status: 'running',
        device,
        ...(resumedFrom && { resumedFrom }),
      });
      if (resumedFrom) await warnOfOtherDevice(inside, device, resumedFrom);
      await inside.jobs.setProgress(job.id, run.fence, { statusDetail: 'loading-data' });
    });
  }

  /** Where the checkpoint was made elsewhere, or otherwise. */
  async function warnOfOtherDevice(inside: Store, device: string, { stage, step }: Position): Promise<void> {
    const from = claim.checkpoints.find((it) => it.stage === stage && it.step === step);
    const before = (await inside.runs.list(job.id)).find(({ id }) => id === from?.runId)?.device;
    if (!before || before === device) return;
    await inside.events.append(job.id, 'warning', {
      code: 'otherDevice',
      message: `The run goes on with ${device}, after ${before}: numbers may be rounded otherwise, so the weights may differ in their last digits from those of an uninterrupted run.`,
    });
  }

  async function stage({ type: _, stages: __, ...begun }: Message<'stage'>): Promise<void> {
    await runs.write(claim, async (inside, { stage: before, step }) => {
      if (before !== null && before < begun.stage) {
        await inside.stages.finish(job.id, run.fence, before, 'succeeded', step ?? 0);
      }
      const objective = job.spec.stages[begun.stage - 1]!.objective.type;
      await inside.stages.begin({ ...begun, jobId: job.id, runId: run.id, objective }, run.fence);
      await inside.events.append(job.id, 'stage', { ...begun, stages: job.spec.stages.length });
      await inside.jobs.setProgress(job.id, run.fence, { stage: begun.stage });
    });
  }

  async function progress(report: Message<'progress'>): Promise<void> {
    const { position, detail, progress, etaSeconds, points, epochs } = report;
    const standing = { ...position, statusDetail: detail, progress, etaSeconds };
    await runs.write(claim, async (inside, { metrics }) => {
      if (points.length > 0) await inside.metrics.write(job.id, run.id, run.fence, points);
      await inside.events.appendAll(job.id, 'epoch', epochs.map(epochEvent));
      const measured = Object.assign({ ...metrics }, ...epochs.map((epoch) => epoch.metrics));
      await inside.jobs.setProgress(job.id, run.fence, { ...standing, metrics: measured });
    });
  }

  async function checkpoint({ position, path }: Message<'checkpoint'>): Promise<void> {
    await files.keep([path], async (inside, _, [file]) => {
      const { key: blobKey, bytes } = file!;
      // A run that is stopped where it has just saved says the same twice.
      const [newest] = await inside.checkpoints.list(job.id);
      if (newest?.blobKey === blobKey) return [];
      const id = newId('ckp');
      const createdAt = new Date();
      await inside.checkpoints.insert({
        ...position,
        id,
        jobId: job.id,
        runId: run.id,
        blobKey,
        bytes,
        createdAt,
      });
      await inside.events.append(job.id, 'checkpoint', { id, ...position, bytes });
      const outdated = (await inside.checkpoints.list(job.id)).slice(job.spec.checkpoint.keep);
      await inside.checkpoints.delete(outdated.map((row) => row.id));
      return outdated.map((row) => row.blobKey);
    });
  }

  async function warning({ code, message }: Message<'warning'>): Promise<void> {
    await runs.write(claim, (inside) => inside.events.append(job.id, 'warning', { code, message }));
  }

  async function earlyStopping({ type: _, ...stopping }: Message<'earlyStopping'>): Promise<void> {
    await runs.write(claim, (inside) => inside.events.append(job.id, 'earlyStopping', stopping));
  }

  async function learningRate({ type: _, ...finding }: Message<'learningRate'>): Promise<void> {
    await runs.write(claim, async (inside, { metrics }) => {
      await inside.events.append(job.id, 'learningRate', finding);
      if (finding.suggested === null) return;
      const found = { ...metrics, suggested_learning_rate: finding.suggested };
      await inside.jobs.setProgress(job.id, run.fence, { metrics: found });
    });
  }

  async function artifact({ name, path, mediaType }: Message<'artifact'>): Promise<void> {
    await files.keep([path], async (inside, _, [file]) => {
      const { key: blobKey, bytes } = file!;
      const replaced = await inside.artifacts.get(job.id, name);
      await putArtifact(inside, job, { name, mediaType, blobKey, bytes });
      return replaced ? [replaced.blobKey] : [];
    });
  }

  async function succeeded(message: Message<'succeeded'>): Promise<void> {
    const made: NamedModel[] = [{ ...message, name: job.name ?? job.id, artifact: 'model.safetensors' }];
    if (message.generator) {
      const name = `${job.name ?? job.id}-generator`;
      made.push({ ...message.generator, evaluation: {}, name, artifact: 'generator.safetensors' });
    }
    let queued: JobRow[] = [];
    await files.keep(
      made.map(({ modelPath }) => modelPath),
      async (inside, current, kept) => {
        if (isTerminal(current.status)) return []; // written before, though the answer was lost
        if (!mayBecome(current.status, 'succeeded')) {
          await endCancelled(inside, current, run);
          return kept.map(({ key }) => key);
        }
        await inside.stages.finish(job.id, run.fence, current.stage ?? 1, 'succeeded', current.step ?? 0);
        const ids: string[] = [];
        for (const [i, model] of made.entries()) ids.push(await putModel(inside, job, model, kept[i]!));
        const metrics = { ...current.metrics, ...message.evaluation };
        queued = await endSucceeded(inside, current, run, { modelId: ids[0]!, progress: 1, metrics });
        return [];
      },
    );
    await runs.enqueue(queued);
  }

  async function searched(): Promise<void> {
    await runs.write(claim, async (inside, current) => {
      if (isTerminal(current.status)) return; // written before, though the answer was lost
      if (!mayBecome(current.status, 'succeeded')) return endCancelled(inside, current, run);
      await inside.stages.finish(job.id, run.fence, current.stage ?? 1, 'succeeded', current.step ?? 0);
      await endSucceeded(inside, current, run, { progress: 1 });
    });
  }

  return {
    abandon: files.abandon,

    async record(message) {
      switch (message.type) {
        case 'started':
          return started(message);
        case 'stage':
          return stage(message);
        case 'progress':
          return progress(message);
        case 'checkpoint':
          return checkpoint(message);
        case 'warning':
          return warning(message);
        case 'earlyStopping':
          return earlyStopping(message);
        case 'learningRate':
          return learningRate(message);
        case 'artifact':
          return artifact(message);
        case 'succeeded':
          return succeeded(message);
        case 'searched':
          return searched();
      }
    },
  };
}

function epochEvent({ position, metrics, ...rest }: EpochReport) {
  return { ...position, ...rest, metrics: toJsonNumbers(metrics) };
}
