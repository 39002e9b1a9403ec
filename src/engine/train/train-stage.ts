import type { NamedArrays } from '../../safetensors.ts';
import type { SettledStage } from '../../spec/trainable.ts';
import { createBreather } from '../breathe.ts';
import { momentumOf } from '../optimize/optimizers.ts';
import type { Batch } from './batch.ts';
import { trainingBatch } from './batches.ts';
import { createEarlyStopping, type EarlyStopping } from './callbacks/early-stopping.ts';
import { DivergedError } from './diverged.ts';
import { createEagerExecutor } from './eager-executor.ts';
import { batchesToMeasure, evaluateSplit } from './evaluate.ts';
import type { Executor, StepReport } from './executor.ts';
import type { MetricAccumulator } from './metric-accumulator.ts';
import type { Objective } from './objectives/objective.ts';
import type { Progress } from './progress.ts';
import type { Reporter, Standing } from './reporter.ts';
import { createSchedule, type Schedule } from './schedules.ts';
import { compileStage } from './stage-program.ts';
import type { TrainEvents } from './train-events.ts';
import type { TrainJob } from './train-job.ts';
import { encodeCheckpoint, NO_SUMS, type TrainState } from './train-state.ts';

export interface StageContext {
  readonly job: TrainJob;
  readonly spec: SettledStage;
  /** Counts from 1. */
  readonly stage: number;
  readonly stepsPerEpoch: number;
  /** The most steps that the stages before this one could make. */
  readonly stepsBefore: number;
  /** Step metrics are told at every so many steps. */
  readonly metricsEvery: number;
  readonly progress: Progress;
  readonly reporter: Reporter;
  readonly events: TrainEvents;
  readonly signal: AbortSignal;
}

/** `stopped`: the signal asked for it, and a checkpoint was told of. */
export type StageEnd = { outcome: 'finished'; weights: NamedArrays } | { outcome: 'stopped' };

/**
 * Trains one stage from a state to its end or until it is stopped.
 * @throws DivergedError when a step isn't finite; the last finite state is told as a checkpoint first
 */
export async function trainStage(context: StageContext, start: TrainState): Promise<StageEnd> {
  const loop = new StageLoop(context, start);
  try {
    return await loop.run();
  } finally {
    loop.dispose();
  }
}

class StageLoop {
  readonly #context: StageContext;
  readonly #objective: Objective;
  readonly #executor: Executor;
  readonly #schedule: Schedule;
  readonly #earlyStopping: EarlyStopping | null;
  readonly #metrics: MetricAccumulator;
  readonly #breathe = createBreather();
  #epoch: number;
  #step: number;
  #lossSum: number;
  #count: number;
  #best: NamedArrays;
  #checkpointAt = performance.now();

  constructor(context: StageContext, start: TrainState) {
    const { job, spec, stage, stepsPerEpoch } = context;
    const { program, keysAt } = compileStage(job, spec, stage);
    this.#context = context;
    this.#objective = program.objective;
    this.#executor = (job.createExecutor ?? createEagerExecutor)(program, keysAt);
    this.#executor.load(start);
    this.#schedule = createSchedule(spec.schedule, {
      learningRate: spec.optimizer.learningRate,
      momentum: momentumOf(spec.optimizer),
      totalSteps: spec.epochs * stepsPerEpoch,
      stepsPerEpoch,
      scale: spec.learningRateScale,
    });
    if (start.schedule) this.#schedule.restore(start.schedule);
    this.#earlyStopping = spec.earlyStopping
      ? createEarlyStopping(spec.earlyStopping, start.earlyStopping ?? undefined)
      : null;
    this.#metrics = job.createMetrics();
    if (start.epochSums.metrics) this.#metrics.restore(start.epochSums.metrics);
    this.#lossSum = start.epochSums.lossSum;
    this.#count = start.epochSums.count;
    this.#epoch = start.position.epoch;
    this.#step = start.position.step;
    this.#best = start.best;
  }

  async run(): Promise<StageEnd> {
    for (; this.#epoch <= this.#context.spec.epochs; this.#epoch++) {
      const startedAt = performance.now();
      if (!(await this.#trainEpoch())) return this.#stop();
      const validation = await this.#validate();
      if (!validation) return this.#stop();
      if (await this.#endEpoch(validation, startedAt)) break;
    }
    await this.#tellStopping();
    const weights = this.#restores ? this.#best : (await this.#executor.save()).weights;
    return { outcome: 'finished', weights };
  }

  /** Whether the stage ends with its best epoch's weights. */
  get #restores(): boolean {
    const { earlyStopping } = this.#context.spec;
    return earlyStopping?.restoreBest === true && Object.keys(this.#best).length > 0;
  }

  /** Where it ended early, or with other weights than its last epoch's. */
  async #tellStopping(): Promise<void> {
    const { spec, stage, events } = this.#context;
    if (!spec.earlyStopping || !this.#earlyStopping) return;
    const { best, bestEpoch } = this.#earlyStopping.state();
    const epoch = Math.min(this.#epoch, spec.epochs);
    const restored = this.#restores && bestEpoch !== epoch;
    if (epoch === spec.epochs && !restored) return;
    const { monitor } = spec.earlyStopping;
    await events.onEarlyStopping({ stage, epoch, bestEpoch, monitor, best, restored });
  }

  dispose(): void {
    this.#executor.dispose();
  }

  /** The rest of the epoch's steps. False when it was stopped in the middle. */
  async #trainEpoch(): Promise<boolean> {
    const { job, spec, stage, stepsPerEpoch, signal } = this.#context;
    const order = job.data.order(stage, this.#epoch);
    const stepsBefore = (this.#epoch - 1) * stepsPerEpoch;
    while (this.#step - stepsBefore < stepsPerEpoch) {
      if (signal.aborted) return false;
      const batch = trainingBatch(job, this.#objective, order, {
        start: (this.#step - stepsBefore) * spec.batchSize,
        size: spec.batchSize,
        at: this.#position(),
      });
      await this.#takeStep(batch);
      if (this.#isCheckpointDue()) await this.#checkpoint();
      await this.#context.reporter.tellNowAndThen(this.#standing);
      await this.#breathe();
    }
    return true;
  }

  async #takeStep(batch: Batch): Promise<void> {
    const rates = this.#schedule.at(this.#step, this.#epoch - 1);
    const report = await this.#executor.step(batch, { step: this.#step + 1, ...rates });
    if ('nonFinite' in report) await this.#diverge(report.nonFinite);
    else this.#note(report, batch, rates.learningRate);
  }

  #note(report: StepReport, batch: Batch, learningRate: number): void {
    this.#step++;
    this.#lossSum += report.loss * batch.count;
    this.#count += batch.count;
    this.#metrics.add(report.outputs, batch.y, batch.count, batch.y.length / batch.count, batch.asked);
    if (this.#step % this.#context.metricsEvery !== 0) return;
    this.#point('step_loss', report.loss);
    this.#point('gradient_norm', report.gradientNorm);
    if (report.nextLoss !== undefined) this.#point('step_generator_loss', report.nextLoss);
    this.#point('learning_rate', learningRate);
  }

  /** The last finite state is worth keeping: it shows what led there. */
  async #diverge({ layer, what }: { layer: string; what: string }): Promise<never> {
    const { weights } = await this.#executor.save();
    const finite = Object.values(weights).every(({ data }) => data.every(Number.isFinite));
    if (finite) await this.#checkpoint();
    await this.#context.reporter.tellRest(this.#standing);
    throw new DivergedError({ stage: this.#context.stage, step: this.#step + 1, layer }, what);
  }

  /** The validation split's loss and metrics by name; null when it was stopped in the middle. */
  async #validate(): Promise<Record<string, number> | null> {
    const { job, signal } = this.#context;
    if (job.data.validation.count === 0) return {};
    const batches = batchesToMeasure(job, this.#objective, job.data.validation);
    const result = await evaluateSplit(this.#executor, batches, job.createMetrics(), { signal });
    return (
      result && Object.fromEntries(Object.entries(result).map(([name, value]) => [`val_${name}`, value]))
    );
  }

  /** Notes what the epoch came to. True when the stage is to end early. */
  async #endEpoch(validation: Record<string, number>, startedAt: number): Promise<boolean> {
    const { job, spec, reporter } = this.#context;
    const metrics = { loss: this.#lossSum / this.#count, ...this.#metrics.result(), ...validation };
    for (const [name, value] of Object.entries(metrics)) this.#point(name, value);
    this.#schedule.onEpochEnd?.(metrics);
    const verdict = this.#earlyStopping?.onEpochEnd(this.#epoch, metrics);
    if (verdict?.improved && spec.earlyStopping?.restoreBest)
      this.#best = (await this.#executor.save()).weights;
    const seconds = (performance.now() - startedAt) / 1000;
    reporter.noteEpoch({
      position: this.#position(),
      epochs: spec.epochs,
      metrics,
      ...this.#progress(),
      seconds,
    });
    const isLast = verdict?.stop || this.#epoch === spec.epochs;
    await (isLast ? reporter.tellRest(this.#standing) : reporter.tellNowAndThen(this.#standing));
    this.#lossSum = NO_SUMS.lossSum;
    this.#count = NO_SUMS.count;
    this.#metrics.restore(job.createMetrics().state());
    return verdict?.stop ?? false;
  }

  async #stop(): Promise<StageEnd> {
    await this.#checkpoint();
    return { outcome: 'stopped' };
  }

  #isCheckpointDue(): boolean {
    const { seconds, steps } = this.#context.job.checkpointsEvery;
    return this.#step % steps === 0 || performance.now() - this.#checkpointAt >= 1000 * seconds;
  }

  async #checkpoint(): Promise<void> {
    await this.#context.reporter.tellRest(this.#standing);
    const state: TrainState = {
      position: this.#position(),
      ...(await this.#executor.save()),
      best: this.#best,
      epochSums: { lossSum: this.#lossSum, count: this.#count, metrics: this.#metrics.state() },
      schedule: this.#schedule.state(),
      earlyStopping: this.#earlyStopping?.state() ?? null,
    };
    await this.#context.events.onCheckpoint(state.position, encodeCheckpoint(state));
    this.#checkpointAt = performance.now();
  }

  #position() {
    return { stage: this.#context.stage, epoch: this.#epoch, step: this.#step };
  }

  #progress() {
    return this.#context.progress.at(this.#context.stepsBefore + this.#step);
  }

  #point(name: string, value: number): void {
    this.#context.reporter.notePoints({ ...this.#position(), name, value });
  }

  readonly #standing = (): Standing => {
    const { job, spec, stage } = this.#context;
    const detail = `stage ${stage}/${job.stages.length} epoch ${this.#epoch}/${spec.epochs}`;
    return { position: this.#position(), detail, ...this.#progress() };
  };
}
