import { buildNetwork, initialWeights } from '../../../../src/engine/model/network.ts';
import type { Batch } from '../../../../src/engine/train/batch.ts';
import type { Executor, ExecutorState } from '../../../../src/engine/train/executor.ts';
import { firstSlots } from '../../../../src/engine/train/first-slots.ts';
import { compileStage } from '../../../../src/engine/train/stage-program.ts';
import { StageSpec } from '../../../../src/spec/stage.ts';
import { settleStages } from '../../../../src/spec/trainable.ts';
import { type Measured, type NetworkSetting, type Prepared, SEED } from '../protocol.ts';
import { readBatches, shuffledBatches } from './batches.ts';
import type { Engine } from './engines.ts';
import { checkedLoss, milliseconds, peakMiB, warmedUp } from './measuring.ts';
import type { Contender } from './serve.ts';

/** The training step as a stage's loop takes it: another batch each time, and each is waited for. */
export class OurTraining implements Contender {
  readonly #executor: Executor;
  readonly #initial: ExecutorState;
  readonly #batchOf: (step: number) => Batch;
  readonly #batchSize: number;
  readonly #learningRate: number;
  readonly #about: string | undefined;
  #step = 0;
  #loss = NaN;

  private constructor(executor: Executor, initial: ExecutorState, setting: NetworkSetting, about?: string) {
    this.#executor = executor;
    this.#initial = initial;
    this.#batchOf = batchesOf(setting);
    this.#batchSize = setting.batch;
    this.#learningRate = setting.optimizer.learningRate;
    this.#about = about;
  }

  static async start(engine: Engine, setting: NetworkSetting): Promise<OurTraining> {
    const stage = stageOf(setting);
    const executor = await engine.createExecutor(stage);
    return new OurTraining(executor, await initialState(stage), setting, engine.about);
  }

  async prepare(): Promise<Prepared> {
    this.#restart();
    const firstStepMs = await milliseconds(() => this.#next());
    this.#restart();
    const loss = await checkedLoss(() => this.#next());
    return { firstStepMs, loss, ...(this.#about && { variant: this.#about }) };
  }

  async takeTurn(seconds: number): Promise<Measured> {
    this.#restart();
    const stepsPerSecond = await warmedUp(() => this.#next(), seconds);
    const samplesPerSecond = stepsPerSecond * this.#batchSize;
    return { stepsPerSecond, samplesPerSecond, rssMiB: peakMiB(), loss: this.#loss };
  }

  #restart(): void {
    this.#executor.load(this.#initial);
    this.#step = 0;
  }

  async #next(): Promise<number> {
    const batch = this.#batchOf(this.#step);
    const moment = { step: ++this.#step, learningRate: this.#learningRate, momentum: undefined };
    const report = await this.#executor.step(batch, moment);
    if ('nonFinite' in report) throw new Error(`${report.nonFinite.what} isn’t finite`);
    this.#loss = report.loss;
    return report.loss;
  }
}

function batchesOf({ examples, batch, shuffled }: NetworkSetting): (step: number) => Batch {
  if (shuffled) return shuffledBatches(examples, batch);
  const batches = readBatches(examples, batch);
  return (step) => batches[step % batches.length]!;
}

type Stage = ReturnType<typeof compileStage>;

function stageOf({ network, optimizer, examples, batch }: NetworkSetting): Stage {
  const stages = [StageSpec.parse({ epochs: 1, batchSize: batch, optimizer })];
  const task = examples.classes === null ? 'regression' : 'classification';
  const job = { network: buildNetwork(network), task, inputs: [], seed: SEED } as const;
  return compileStage(job, settleStages(stages, [], [])[0]!, 1);
}

async function initialState({ program }: Stage): Promise<ExecutorState> {
  const weights = initialWeights(program.network, SEED);
  return { weights, slots: await firstSlots(program, weights) };
}
