import { startBackend } from '../../../../src/engine/backends/start.ts';
import { createCompiledExecutor } from '../../../../src/engine/compile/compiled-executor.ts';
import { startCrew } from '../../../../src/engine/compile/run/crew.ts';
import { createMachine } from '../../../../src/engine/compile/run/machine.ts';
import { initialWeights } from '../../../../src/engine/model/network.ts';
import { fromArrays, tidied, toArrays } from '../../../../src/engine/tensors.ts';
import type { Batch } from '../../../../src/engine/train/batch.ts';
import { trainingBatch } from '../../../../src/engine/train/batches.ts';
import { createEagerExecutor } from '../../../../src/engine/train/eager-executor.ts';
import type { Executor, ExecutorState, StepReport } from '../../../../src/engine/train/executor.ts';
import { compileStage } from '../../../../src/engine/train/stage-program.ts';
import type { TrainJob } from '../../../../src/engine/train/train-job.ts';
import type { StepProgram } from '../../../../src/engine/train/train-step.ts';
import { key, normal } from '../../../../src/random.ts';
import type { NamedArrays } from '../../../../src/safetensors.ts';

/** What steps of a stage told, and what they left. */
export interface Steps {
  readonly reports: readonly StepReport[];
  /** What steps that weren't finite told. */
  readonly nonFinite: readonly string[];
  readonly evaluations: readonly { loss: number; outputs: Float32Array }[];
  readonly state: ExecutorState;
}

export interface Taking {
  readonly steps: number;
  /** Of a batch: the last one of an epoch has what is left. */
  readonly size: number;
  readonly learningRate?: number;
  readonly threads?: number;
}

/** A job's first stage, ready to be run by any executor from the same weights. */
export async function startOf(job: TrainJob): Promise<{
  program: StepProgram;
  keysAt: ReturnType<typeof compileStage>['keysAt'];
  state: ExecutorState;
  batchAt(step: number, size: number): Batch;
}> {
  await startBackend('cpu');
  const { program, keysAt } = compileStage(job, job.stages[0]!, 1);
  const networks = [job.network, ...(job.generator ? [job.generator] : [])];
  const weights = Object.assign({}, ...networks.map((network) => unlevelled(initialWeights(network, 5))));
  const of = (names: readonly string[]) =>
    fromArrays(Object.fromEntries(names.map((name) => [name, (weights as NamedArrays)[name]!])));
  const slots = tidied(() => ({
    ...program.optimizer.init(of(program.trainable)),
    ...program.next?.optimizer.init(of(program.next.trainable)),
  }));
  return {
    program,
    keysAt,
    state: { weights, slots: await toArrays(slots) },
    batchAt(step, size) {
      const perEpoch = Math.ceil(job.data.train.count / size);
      const epoch = Math.ceil(step / perEpoch);
      const start = ((step - 1) % perEpoch) * size;
      const at = { stage: 1, epoch, step };
      return trainingBatch(job, program.objective, job.data.order(1, epoch), { start, size, at });
    },
  };
}

/** Weights whose biases and scales aren't all alike, which would hide faults that are odd in them. */
function unlevelled(weights: NamedArrays): NamedArrays {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { shape, data }]) => {
      const moved = data.map((value, i) => value + 0.1 * normal(key(7, name), i));
      return [name, { shape, data: name.includes('moving') ? data : moved }];
    }),
  );
}

export async function compiledExecutor(
  { program, keysAt }: Pick<Awaited<ReturnType<typeof startOf>>, 'program' | 'keysAt'>,
  threads = 1,
): Promise<Executor> {
  const crew = await startCrew(await createMachine(threads), threads);
  const executor = createCompiledExecutor(program, keysAt, crew);
  return {
    load: (state) => executor.load(state),
    step: (batch, moment) => executor.step(batch, moment),
    evaluate: (batch) => executor.evaluate(batch),
    save: () => executor.save(),
    dispose: () => {
      executor.dispose();
      crew.dispose();
    },
  };
}

/** Takes some steps, and evaluates the first and the last batch of an epoch. */
export async function take(
  executor: Executor,
  { state, batchAt }: Pick<Awaited<ReturnType<typeof startOf>>, 'state' | 'batchAt'>,
  { steps, size, learningRate = 0.01 }: Taking,
): Promise<Steps> {
  executor.load(state);
  const [reports, nonFinite]: [StepReport[], string[]] = [[], []];
  for (let step = 1; step <= steps; step++) {
    const report = await executor.step(batchAt(step, size), { step, learningRate, momentum: undefined });
    if ('nonFinite' in report) nonFinite.push(`step ${step}: ${JSON.stringify(report.nonFinite)}`);
    else reports.push(report);
  }
  const evaluations = [
    await executor.evaluate(batchAt(1, size)),
    await executor.evaluate(batchAt(steps, size)),
  ];
  const saved = await executor.save();
  executor.dispose();
  return { reports, nonFinite, evaluations, state: saved };
}

/** Takes some steps of a job's first stage, compiled, and eagerly on the pure JavaScript backend. */
export async function bothWays(job: TrainJob, taking: Taking): Promise<{ eager: Steps; compiled: Steps }> {
  const start = await startOf(job);
  const eager = await take(createEagerExecutor(start.program, start.keysAt), start, taking);
  const compiled = await take(await compiledExecutor(start, taking.threads), start, taking);
  return { eager, compiled };
}

/** The greatest that two lists of numbers are apart. */
export function apart(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  let most = 0;
  for (let i = 0; i < a.length; i++) {
    const distance = Object.is(a[i], b[i]) ? 0 : Math.abs(a[i]! - b[i]!);
    if (!(distance <= most)) most = distance;
  }
  return most;
}

export function greatest(numbers: ArrayLike<number>): number {
  let most = 0;
  for (let i = 0; i < numbers.length; i++) most = Math.max(most, Math.abs(numbers[i]!));
  return most;
}
