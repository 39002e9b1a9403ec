import type { NamedArrays } from '../../safetensors.ts';
import type { LayerKeys } from '../model/random-source.ts';
import type { Moment, Transform } from '../optimize/transform.ts';
import type { Batch } from '../train/batch.ts';
import { createEagerExecutor } from '../train/eager-executor.ts';
import type { Executor, ExecutorState, StepReport } from '../train/executor.ts';
import type { StepProgram } from '../train/train-step.ts';
import { compile } from './compile.ts';
import { divide } from './plan/divide.ts';
import { type Plan, planProgram, type Region } from './plan/plan.ts';
import type { Recorded, Tape } from './record/record.ts';
import type { Crew, Linked } from './run/crew.ts';
import { firstFree, type Machine, PAGE, reserve } from './run/machine.ts';
import { batchShapes, evaluationOf, keyName, scalarName, stepOf } from './step-program.ts';

const LINE = 64;

interface Ready extends Linked {
  readonly plan: Plan;
}

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
  readonly #crew: Crew;
  readonly #machine: Machine;
  readonly #ready = new Map<string, Ready>();
  #state: ExecutorState = { weights: {}, slots: {} };
  #places = new Map<string, Region>();
  #base = 0;

  constructor(program: StepProgram, keysAt: (step: number) => LayerKeys, crew: Crew) {
    this.#program = program;
    this.#keysAt = keysAt;
    this.#crew = crew;
    this.#machine = crew.machine;
  }

  load(state: ExecutorState): void {
    this.#ready.clear();
    this.#state = state;
    this.#places = new Map();
    let address = firstFree(this.#crew.threads);
    const arrays = Object.entries({ ...state.weights, ...state.slots });
    for (const [name, { data }] of arrays) {
      this.#places.set(name, { address, size: data.length });
      address += Math.ceil((data.length * 4) / LINE) * LINE;
    }
    this.#base = address;
    reserve(this.#machine, address);
    for (const [name, { data }] of arrays) this.#numbers(this.#places.get(name)!).set(data);
  }

  async step(batch: Batch, moment: Moment): ReturnType<Executor['step']> {
    const ready = this.#readyFor('step', batch, stepOf);
    this.#upload(ready.plan, batch, moment);
    ready.measure();
    const report = this.#report(ready.plan);
    if (!isFinite(report)) return this.#locate(batch, moment);
    ready.update();
    return report;
  }

  async evaluate(batch: Batch): Promise<{ loss: number; outputs: Float32Array }> {
    const ready = this.#readyFor('evaluation', batch, evaluationOf);
    this.#upload(ready.plan, batch);
    ready.measure();
    const { loss, outputs } = this.#results(ready.plan);
    return { loss: loss![0]!, outputs: outputs!.slice() };
  }

  async save(): Promise<ExecutorState> {
    return { weights: this.#read(this.#state.weights), slots: this.#read(this.#state.slots) };
  }

  dispose(): void {
    this.#ready.clear();
  }

  #read(arrays: NamedArrays): NamedArrays {
    return Object.fromEntries(
      Object.entries(arrays).map(([name, { shape }]) => [
        name,
        { shape, data: this.#numbers(this.#places.get(name)!).slice() },
      ]),
    );
  }

  #numbers({ address, size }: Region): Float32Array<SharedArrayBuffer> {
    return new Float32Array(this.#machine.memory.buffer, address, size);
  }

  #readyFor(what: string, batch: Batch, workOf: typeof stepOf): Ready {
    const shapes = batchShapes(this.#program, batch);
    const key = `${what} ${JSON.stringify(shapes)}`;
    const known = this.#ready.get(key);
    if (known) return known;
    const ready = this.#compile(workOf(this.#program, shapes, this.#state), batch.count);
    this.#ready.set(key, ready);
    return ready;
  }

  #compile(work: (tape: Tape) => Recorded, rows: number): Ready {
    const { program, schedule } = compile(work);
    const plan = planProgram(program, schedule, (name) => this.#places.get(name)!.address, this.#base);
    const divided = divide(plan, this.#crew.threads, rows);
    // What is read past an end, and not used, must be there too.
    reserve(this.#machine, divided.end + PAGE);
    return { plan, ...this.#crew.link(divided) };
  }

  #upload(plan: Plan, batch: Batch, moment?: Moment): void {
    const { x, y, weights, asked, noise } = batch;
    for (const [name, numbers] of Object.entries({ x, y, weights, asked, noise })) {
      const region = plan.inputs[name];
      if (numbers && region) this.#numbers(region).set(numbers);
    }
    for (const { data, ...region } of plan.constants) this.#numbers(region).set(data);
    if (!moment) return;
    for (const [name, value] of scalarsAt(this.#program, moment)) {
      const region = plan.inputs[name];
      if (region) this.#numbers(region)[0] = value;
    }
    const keys = this.#keysAt(moment.step);
    const { network, next } = this.#program;
    for (const { name } of [...network.layers, ...(next?.network.layers ?? [])]) {
      const region = plan.inputs[keyName(name)];
      if (region) new Int32Array(this.#machine.memory.buffer, region.address, 2).set(keys(name));
    }
  }

  #results(plan: Plan): Readonly<Record<string, Float32Array>> {
    return Object.fromEntries(
      Object.entries(plan.results).map(([name, region]) => [name, this.#numbers(region)]),
    );
  }

  #report(plan: Plan): StepReport {
    const { loss, gradientNorm, outputs, nextLoss, nextGradientNorm } = this.#results(plan);
    return {
      loss: loss![0]!,
      gradientNorm: gradientNorm![0]!,
      outputs: outputs!.slice(),
      ...(nextLoss && { nextLoss: nextLoss[0]! }),
      ...(nextGradientNorm && { nextGradientNorm: nextGradientNorm[0]! }),
    };
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

function scalarsAt(program: StepProgram, moment: Moment): [string, number][] {
  const { next } = program;
  const of = (turn: 'own' | 'next', optimizer: Transform, at: Moment): [string, number][] =>
    Object.entries(optimizer.scalars?.(at) ?? {}).map(([name, value]) => [scalarName(turn, name), value]);
  const own = of('own', program.optimizer, moment);
  if (!next) return own;
  return [
    ...own,
    ...of('next', next.optimizer, { ...moment, learningRate: moment.learningRate * next.rateScale }),
  ];
}

function isFinite({ loss, gradientNorm, nextLoss = 0, nextGradientNorm = 0 }: StepReport): boolean {
  return [loss, gradientNorm, nextLoss, nextGradientNorm].every(Number.isFinite);
}
