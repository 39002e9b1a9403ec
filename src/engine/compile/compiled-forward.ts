import { mul, ones, reshape, type Tensor } from '@tensorflow/tfjs-core';
import { type Key, key } from '../../random.ts';
import type { NamedArrays } from '../../safetensors.ts';
import { size } from '../../spec/shapes.ts';
import { forward, forwardBetween, type Network, rowsAtOnce } from '../model/network.ts';
import { noRandom, type RandomSources } from '../model/random-source.ts';
import type { Forward, ForwardOf } from '../predict/forward.ts';
import type { MonteCarloPasses } from '../predict/passes.ts';
import type { Tensors } from '../tensors.ts';
import { reasonOf } from './compiled-or-eager.ts';
import type { Recorded, Tape } from './record/record.ts';
import type { Crew } from './run/crew.ts';
import { keyName, layerOf, noKeys, stateOf } from './step-program.ts';
import { type Ready, Workspace } from './workspace.ts';

/** Programs are made for so many rows: a few sizes serve requests of any. Rows that are missing are zeros. */
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];
/** So many rows of passes together keep the processor's units busy and stay in its caches. */
const ROWS_OF_PASSES = 1024;
const MOST_PASSES = 16;
/** So many are asked for between two turns of the event loop. */
const PASSES_ASKED = 64;

/** Sends rows through networks by programs that are compiled for a crew. */
export function forwardOn(crew: Crew): ForwardOf {
  return (network, weights) => new CompiledForward(network, weights, crew);
}

class CompiledForward implements Forward {
  readonly #network: Network;
  readonly #weights: NamedArrays;
  readonly #workspace: Workspace;
  #isLoaded = false;

  constructor(network: Network, weights: NamedArrays, crew: Crew) {
    this.#network = network;
    this.#weights = weights;
    this.#workspace = new Workspace(crew);
  }

  deterministicPass(x: Float32Array, count: number): Promise<Float32Array | null> {
    return this.#ifCompiled(() => this.#below(x, count, this.#network.layers.length)[OUTPUT]!);
  }

  startPasses(x: Float32Array, rows: number, seed: number): Promise<MonteCarloPasses | null> {
    return this.#ifCompiled(() => this.#start(x, rows, seed));
  }

  async #ifCompiled<T>(work: () => T): Promise<T | null> {
    try {
      if (!this.#isLoaded) this.#workspace.load(this.#weights);
      this.#isLoaded = true;
      return work();
    } catch (error) {
      if (reasonOf(error) === null) throw error;
      return null;
    }
  }

  #start(x: Float32Array, rows: number, seed: number): MonteCarloPasses {
    const { firstStochastic } = this.#network;
    const prefix = this.#below(x, rows, firstStochastic);
    const sized = sizeFor(rows);
    const fitting = Math.min(ROWS_OF_PASSES, rowsAtOnce(this.#network, firstStochastic));
    const atOnce = Math.max(1, Math.min(MOST_PASSES, Math.floor(fitting / sized)));
    // What can't be compiled is told now, and not in the middle.
    this.#readyFor(prefix, rows, sized, atOnce);
    let done = 0;
    const next = async (passes: number) => {
      const outputs = new Float32Array(passes * rows * this.#network.outputUnits);
      for (let at = 0; at < passes; at += atOnce) {
        const wanted = Math.min(atOnce, passes - at);
        this.#passes(prefix, { rows, sized, passes: atOnce, seed, first: done + at }, (output, pass) => {
          if (pass < wanted) outputs.set(output, (at + pass) * output.length);
        });
      }
      done += passes;
      return outputs;
    };
    return { next, passesAtOnce: Math.ceil(PASSES_ASKED / atOnce) * atOnce, dispose: () => {} };
  }

  /** What the lowest layers make of rows, by position, or the network of them; a few rows after the others. */
  #below(x: Float32Array, count: number, to: number): Record<string, Float32Array> {
    const { spec } = this.#network;
    const width = size(spec.inputShape);
    const most = Math.max(1, Math.min(SIZES.at(-1)!, rowsAtOnce(this.#network)));
    const all: Record<string, Float32Array> = {};
    for (let start = 0; start < count; start += most) {
      const rows = Math.min(most, count - start);
      const sized = Math.min(most, sizeFor(rows));
      const ready = this.#workspace.ready(`below ${to} ${sized}`, this.#prefixOf(sized, to), sized);
      const input = padded(x.subarray(start * width, (start + rows) * width), sized * width);
      const results = this.#workspace.measure(ready, { data: { x: input }, keysOf: noKeys });
      for (const [name, numbers] of Object.entries(results)) {
        const each = numbers.length / sized;
        all[name] ??= new Float32Array(count * each);
        all[name].set(numbers.subarray(0, rows * each), start * each);
      }
    }
    return all;
  }

  #prefixOf(rows: number, to: number): (tape: Tape) => Recorded {
    return (tape) => {
      const weights = stateOf(tape, this.#weights);
      const input = tape.input('x', 'data', [rows, ...this.#network.spec.inputShape]);
      const options = { mode: 'infer', random: noRandom } as const;
      if (to === this.#network.layers.length) {
        return {
          results: { [OUTPUT]: forward(this.#network, weights, input, options).output },
          nextState: {},
        };
      }
      const { outputs } = forwardBetween(this.#network, weights, { [-1]: input }, { ...options, to });
      return { results: { ...outputs }, nextState: {} };
    };
  }

  #readyFor(
    prefix: Readonly<Record<string, Float32Array>>,
    rows: number,
    sized: number,
    passes: number,
  ): Ready {
    const work = this.#passesOf(prefix, rows, sized, passes);
    return this.#workspace.ready(`passes ${sized} ${passes}`, work, sized * passes);
  }

  /** @param take sees each pass's outputs, `[rows, units]` */
  #passes(
    prefix: Readonly<Record<string, Float32Array>>,
    { rows, sized, passes, seed, first }: Passes,
    take: (outputs: Float32Array, pass: number) => void,
  ): void {
    const { outputUnits } = this.#network;
    const ready = this.#readyFor(prefix, rows, sized, passes);
    const data = Object.fromEntries(
      Object.entries(prefix).map(([at, numbers]) => [at, padded(numbers, (numbers.length / rows) * sized)]),
    );
    const keysOf = (name: string): Key[] =>
      Array.from({ length: passes }, (_, pass) => key(seed, 'monte-carlo', first + pass, layerOf(name)));
    const outputs = this.#workspace.measure(ready, { data, keysOf })[OUTPUT]!;
    for (let pass = 0; pass < passes; pass++) {
      const start = pass * sized * outputUnits;
      take(outputs.subarray(start, start + rows * outputUnits), pass);
    }
  }

  #passesOf(
    prefix: Readonly<Record<string, Float32Array>>,
    rows: number,
    sized: number,
    passes: number,
  ): (tape: Tape) => Recorded {
    const { layers, spec, firstStochastic } = this.#network;
    const shapeOf = (at: string) => (at === '-1' ? spec.inputShape : layers[Number(at)]!.outputShape);
    return (tape) => {
      const known: Record<string, Tensor> = {};
      for (const [at, numbers] of Object.entries(prefix)) {
        const input = tape.input(at, 'data', [sized, numbers.length / rows]);
        known[at] = repeat(input, passes, shapeOf(at));
      }
      const weights: Tensors = stateOf(tape, this.#weights);
      const options = { mode: 'mc', random: randomOf(tape, passes), from: firstStochastic } as const;
      const { outputs } = forwardBetween(this.#network, weights, known, options);
      return { results: { [OUTPUT]: outputs[layers.length - 1]! }, nextState: {} };
    };
  }
}

interface Passes {
  readonly rows: number;
  /** The rows of the program. */
  readonly sized: number;
  readonly passes: number;
  readonly seed: number;
  /** The first pass, from 0. */
  readonly first: number;
}

const OUTPUT = 'output';

/** The program's rows for so many. */
function sizeFor(rows: number): number {
  return SIZES.find((size) => size >= rows) ?? Math.ceil(rows / SIZES.at(-1)!) * SIZES.at(-1)!;
}

function padded(numbers: Float32Array, length: number): Float32Array {
  if (numbers.length === length) return numbers;
  const all = new Float32Array(length);
  all.set(numbers);
  return all;
}

/** `[rows, width]` → `[passes · rows, …shape]`, copy after copy; a program only sees it so. */
function repeat(value: Tensor, passes: number, shape: readonly number[]): Tensor {
  const [rows] = value.shape as [number];
  const copies = mul(reshape(value, [1, rows * size(shape)]), ones([passes, 1]));
  return reshape(copies, [passes * rows, ...shape]);
}

function randomOf(tape: Tape, passes: number): RandomSources {
  return (layer) => ({
    uniform: (shape) => tape.uniform(keyName(layer), shape, passes),
    normal: (shape) => tape.normal(keyName(layer), shape, passes),
  });
}
