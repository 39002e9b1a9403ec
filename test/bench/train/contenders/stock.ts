import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, sep } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import { setBackend, type Tensor, tensor, train } from '@tensorflow/tfjs-core';
import { type Sequential, sequential } from '@tensorflow/tfjs-layers';
import type { Measured, NetworkSetting, Prepared, Setting } from '../protocol.ts';
import { readBatches } from './batches.ts';
import { checkedLoss, milliseconds, peakMiB, warmedUp } from './measuring.ts';
import { type Contender, serve } from './serve.ts';
import { stockLayer } from './stock-layers.ts';

/** TensorFlow.js as it comes, on its WebAssembly backend and one thread, as it is in Node. */
class StockTraining implements Contender {
  readonly #model: Sequential;
  readonly #initial: Tensor[];
  readonly #setting: NetworkSetting;
  readonly #batches: readonly { x: Tensor; y: Tensor }[];
  #step = 0;
  #loss = NaN;

  constructor(setting: NetworkSetting) {
    this.#setting = setting;
    this.#model = modelOf(setting);
    this.#initial = initialOf(setting);
    this.#batches = readBatches(setting.examples, setting.batch).map(({ count, x, y }) => ({
      x: tensor(x, [count, ...setting.examples.inputShape]),
      y: tensor(y, [count, y.length / count]),
    }));
  }

  async prepare(): Promise<Prepared> {
    this.#restart();
    const firstStepMs = await milliseconds(() => this.#next());
    this.#restart();
    return { firstStepMs, loss: await checkedLoss(() => this.#next()), variant: 'trainOnBatch' };
  }

  async takeTurn(seconds: number): Promise<Measured> {
    this.#restart();
    const stepsPerSecond = await warmedUp(() => this.#next(), seconds);
    const samplesPerSecond = stepsPerSecond * this.#setting.batch;
    return { stepsPerSecond, samplesPerSecond, rssMiB: peakMiB(), loss: this.#loss };
  }

  /** Compiling anew makes a new optimizer, whose moments are zero. */
  #restart(): void {
    const isRegression = this.#setting.examples.classes === null;
    this.#model.setWeights(this.#initial);
    this.#model.compile({
      optimizer: train.adam(this.#setting.optimizer.learningRate),
      loss: isRegression ? 'meanSquaredError' : 'categoricalCrossentropy',
    });
    this.#step = 0;
  }

  async #next(): Promise<number> {
    const { x, y } = this.#batches[this.#step++ % this.#batches.length]!;
    this.#loss = (await this.#model.trainOnBatch(x, y)) as number;
    return this.#loss;
  }
}

/** Its GRU has no second bias: its reset gate acts before the recurrent product. */
function initialOf({ initial: { file, weights } }: NetworkSetting): Tensor[] {
  const values = new Float32Array(new Uint8Array(readFileSync(file)).buffer);
  let at = 0;
  const all = weights.map(({ name, shape, size }) => {
    at += size;
    return { name, value: tensor(values.slice(at - size, at), [...shape]) };
  });
  return all.filter(({ name }) => !name.endsWith('recurrentBias')).map(({ value }) => value);
}

/** @throws Error that says what TensorFlow.js lacks for it */
function modelOf({ network, optimizer }: NetworkSetting): Sequential {
  if (optimizer.type !== 'adam') throw new Error(`it has no ${optimizer.type}`);
  const model = sequential();
  for (const [i, layer] of network.layers.entries()) {
    model.add(stockLayer(layer, i === 0 ? { inputShape: [...network.inputShape] } : {}));
  }
  return model;
}

async function start(_way: string, setting: Setting): Promise<Contender> {
  if (setting.kind !== 'training') throw new Error('it only trains here');
  setWasmPaths(dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm')) + sep);
  await setBackend('wasm');
  return new StockTraining(setting);
}

await serve(start);
