import type { NamedArrays } from '../../safetensors.ts';
import type { LayerKeys } from '../model/random-source.ts';
import type { Moment } from '../optimize/transform.ts';
import type { Batch } from '../train/batch.ts';
import { createEagerExecutor } from '../train/eager-executor.ts';
import { type Executor, type ExecutorState, type StepReport, staysFinite } from '../train/executor.ts';
import { type StepProgram, stepNumbers } from '../train/train-step.ts';
import { linesOf } from './lines.ts';
import type { Crew } from './run/crew.ts';
import { batchShapes, evaluationOf, layerOf, noKeys, scalarName, stepOf } from './step-program.ts';
import { type Given, type Ready, Workspace } from './workspace.ts';

/** Compiles the pure training step for each shape of batch that comes, and runs that. */
export function createCompiledExecutor(
  program: StepProgram,
  keysAt: (step: number) => LayerKeys,
  crew: Crew,
): Executor {
  return new CompiledExecutor(program, keysAt, crew);
}

class CompiledExecutor implements Executor {
  readonly #program: StepProgram;
  readonly #keysAt: (step: number) => LayerKeys;
  readonly #workspace: Workspace;
  #shapes: ExecutorState = { weights: {}, slots: {} };

  constructor(program: StepProgram, keysAt: (step: number) => LayerKeys, crew: Crew) {
    this.#program = program;
    this.#keysAt = keysAt;
    this.#workspace = new Workspace(crew);
  }

  load(state: ExecutorState): void {
    this.#shapes = state;
    this.#workspace.load({ ...state.weights, ...state.slots }, linesOf(this.#program, state));
  }

  async step(batch: Batch, moment: Moment): ReturnType<Executor['step']> {
    const ready = this.#readyFor('step', batch, stepOf);
    const data = { ...dataOf(batch), ...scalarsAt(this.#program, moment) };
    const keys = this.#keysAt(moment.step);
    const keysOf = (name: string) => [keys(layerOf(name))];
    const results = this.#workspace.measure(ready, { data, keysOf });
    const report = reportOf(results);
    if (!staysFinite(report)) return this.#locate(batch, moment);
    ready.update();
    return report;
  }

  async evaluate(batch: Batch): Promise<{ loss: number; outputs: Float32Array }> {
    const ready = this.#readyFor('evaluation', batch, evaluationOf);
    const { loss, outputs } = this.#workspace.measure(ready, { data: dataOf(batch), keysOf: noKeys });
    return { loss: loss![0]!, outputs: outputs!.slice() };
  }

  async save(): Promise<ExecutorState> {
    const saved = this.#workspace.save();
    const of = (arrays: NamedArrays): NamedArrays =>
      Object.fromEntries(Object.keys(arrays).map((name) => [name, saved[name]!]));
    return { weights: of(this.#shapes.weights), slots: of(this.#shapes.slots) };
  }

  dispose(): void {}

  #readyFor(what: string, batch: Batch, workOf: typeof stepOf): Ready {
    const shapes = batchShapes(this.#program, batch);
    const name = `${what} ${JSON.stringify(shapes)}`;
    return this.#workspace.ready(name, workOf(this.#program, shapes, this.#shapes), batch.count);
  }

  /** The eager executor tells of each layer. */
  async #locate(batch: Batch, moment: Moment): ReturnType<Executor['step']> {
    const eager = createEagerExecutor(this.#program, this.#keysAt);
    eager.load(await this.save());
    const report = await eager.step(batch, moment);
    eager.dispose();
    if ('nonFinite' in report) return report;
    return { nonFinite: { layer: this.#program.network.layers.at(-1)!.name, what: 'the loss' } };
  }
}

function dataOf({ x, y, weights, asked, noise }: Batch): Given['data'] {
  return { x, y, weights, asked, noise };
}

function scalarsAt(program: StepProgram, moment: Moment): Record<string, number> {
  const { own, next = {} } = stepNumbers(program, moment);
  return Object.fromEntries([
    ...Object.entries(own).map(([name, value]) => [scalarName('own', name), value]),
    ...Object.entries(next).map(([name, value]) => [scalarName('next', name), value]),
  ]);
}

function reportOf(results: Readonly<Record<string, Float32Array>>): StepReport {
  const { loss, gradientNorm, outputs, nextLoss, nextGradientNorm } = results;
  return {
    loss: loss![0]!,
    gradientNorm: gradientNorm![0]!,
    outputs: outputs!.slice(),
    ...(nextLoss && { nextLoss: nextLoss[0]! }),
    ...(nextGradientNorm && { nextGradientNorm: nextGradientNorm[0]! }),
  };
}
