import { startBackend } from '../../../../src/engine/backends/start.ts';
import { createCompiledExecutor } from '../../../../src/engine/compile/compiled-executor.ts';
import { startCrew } from '../../../../src/engine/compile/run/crew.ts';
import { createMachine } from '../../../../src/engine/compile/run/machine.ts';
import { initialWeights } from '../../../../src/engine/model/network.ts';
import { fromArrays, tidied, toArrays } from '../../../../src/engine/tensors.ts';
import type { Batch } from '../../../../src/engine/train/batch.ts';
import { createEagerExecutor } from '../../../../src/engine/train/eager-executor.ts';
import type { Executor } from '../../../../src/engine/train/executor.ts';
import { compileStage } from '../../../../src/engine/train/stage-program.ts';
import type { TrainJob } from '../../../../src/engine/train/train-job.ts';

export interface Steps {
  losses: number[];
  norms: number[];
  weights: Record<string, Float32Array>;
  slots: Record<string, Float32Array>;
  evaluation: number;
}

/** Takes some steps of a job's first stage, compiled and on the pure JavaScript backend. */
export async function bothWays(job: TrainJob, batch: Batch, steps: number, learningRate = 0.01, threads = 1) {
  await startBackend('cpu');
  const { program, keysAt } = compileStage(job, job.stages[0]!, 1);
  const weights = {
    ...initialWeights(job.network, 5),
    ...(job.generator && initialWeights(job.generator, 5)),
  };
  const of = (names: readonly string[]) =>
    fromArrays(Object.fromEntries(names.map((name) => [name, weights[name]!])));
  const init = tidied(() => ({
    ...program.optimizer.init(of(program.trainable)),
    ...program.next?.optimizer.init(of(program.next.trainable)),
  }));
  const slots = await toArrays(init);
  const run = async (executor: Executor): Promise<Steps> => {
    executor.load({ weights, slots });
    const [losses, norms]: [number[], number[]] = [[], []];
    for (let step = 1; step <= steps; step++) {
      const report = await executor.step(batch, { step, learningRate, momentum: undefined });
      if ('nonFinite' in report) throw new Error(JSON.stringify(report.nonFinite));
      losses.push(report.loss);
      norms.push(report.gradientNorm);
    }
    const { loss } = await executor.evaluate(batch);
    const saved = await executor.save();
    executor.dispose();
    const data = (arrays: typeof saved.weights) =>
      Object.fromEntries(Object.entries(arrays).map(([name, { data }]) => [name, data]));
    return { losses, norms, weights: data(saved.weights), slots: data(saved.slots), evaluation: loss };
  };
  const eager = await run(createEagerExecutor(program, keysAt));
  const crew = await startCrew(await createMachine(threads), threads);
  const compiled = await run(createCompiledExecutor(program, keysAt, crew));
  crew.dispose();
  return { eager, compiled };
}
