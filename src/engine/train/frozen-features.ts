import { tensor, tidy } from '@tensorflow/tfjs-core';
import type { NamedArrays } from '../../safetensors.ts';
import { isRandomInTraining } from '../../spec/layer.ts';
import type { ObjectiveSpec } from '../../spec/objective.ts';
import { size } from '../../spec/shapes.ts';
import type { SettledStage } from '../../spec/trainable.ts';
import { NETWORK_INPUT } from '../../spec/wiring.ts';
import { createBreather } from '../breathe.ts';
import { buildNetwork, forwardBetween, type Network, rowsAtOnce } from '../model/network.ts';
import { noRandom } from '../model/random-source.ts';
import { fromArrays, type Tensors } from '../tensors.ts';
import { type Examples, inputsOf } from './batch.ts';
import { rangeTestSteps } from './schedules.ts';
import { frozenLayers, restingLayers } from './stage-program.ts';
import type { TrainJob } from './train-job.ts';

/** The most numbers that features may be: 1 GiB of them. */
const MOST_NUMBERS = 2 ** 28;

/** The objectives that learn from the examples as they are; the others change them, or ask for them again. */
const TAKE_FEATURES: ReadonlySet<ObjectiveSpec['type']> = new Set(['supervised', 'pairs']);

/**
 * How many of the lowest layers make the same of an example at every step of a stage, so that it can be computed
 * once: they are frozen, or have no weights, and draw nothing at random; and nothing changes the examples from epoch
 * to epoch. All that the layers above take of them is the output of the last. 0 where there is nothing to gain.
 */
export function cachedLayers({ network, data }: TrainJob, stage: SettledStage): number {
  if (!stage.cacheFeatures || data.augmented || !TAKE_FEATURES.has(stage.objective.type)) return 0;
  if (seesOnlySome(stage, data.train.count)) return 0;
  const rows = data.train.count + data.validation.count;
  const fixed = fixedLayers(network, frozenLayers(network, stage));
  for (let count = Math.min(fixed, network.layers.length - 1); count > 0; count--) {
    if (!isNarrow(network, count)) continue;
    const worthwhile = network.layers.slice(0, count).some(({ weights }) => weights.length > 0);
    const fits = rows * size(network.layers[count - 1]!.outputShape) <= MOST_NUMBERS;
    if (worthwhile && fits) return count;
  }
  return 0;
}

/** A range test may end long before it has seen each example. */
function seesOnlySome({ schedule, epochs, batchSize }: SettledStage, examples: number): boolean {
  if (schedule.type !== 'lrFinder') return false;
  const steps = rangeTestSteps(schedule, epochs * Math.ceil(examples / batchSize));
  return steps * batchSize < examples;
}

function fixedLayers(network: Network, frozen: ReadonlySet<string>): number {
  const random = network.spec.layers.findIndex(isRandomInTraining);
  const resting = restingLayers(network, frozen);
  return random === -1 ? resting : Math.min(resting, random);
}

/** Whether the layers from `count` on take nothing of those below but the output of the one right below. */
function isNarrow({ wiring }: Network, count: number): boolean {
  return wiring.slice(count).every((inputs) => inputs.every((input) => input >= count - 1));
}

/**
 * The same stage as a job on what the lowest layers make of each example: its network is the rest. The weights of
 * all layers stay in its state, and their penalties in its loss.
 * @param tell hears now and then how many examples are done
 * @returns null when it was stopped in the middle
 */
export async function onFeatures(
  job: TrainJob,
  count: number,
  weights: NamedArrays,
  signal: AbortSignal,
  tell: (done: number, all: number) => Promise<void>,
): Promise<TrainJob | null> {
  const { train, validation } = job.data;
  const tellFrom = (before: number) => (done: number) => tell(before + done, train.count + validation.count);
  const names = new Set(job.network.layers.slice(0, count).map(({ name }) => name));
  const isLower = (weight: string) => names.has(job.network.weights.get(weight)!.layer);
  const tensors = fromArrays(Object.fromEntries(Object.entries(weights).filter(([name]) => isLower(name))));
  try {
    const lowerPart = { network: job.network, count, weights: tensors };
    const trainFeatures = await featuresOf(lowerPart, train, signal, tellFrom(0));
    const others = trainFeatures && (await featuresOf(lowerPart, validation, signal, tellFrom(train.count)));
    if (!trainFeatures || !others) return null;
    const { network, data } = job;
    return {
      ...job,
      network: upperPart(network, count),
      penalized: network.weights,
      data: { ...data, train: trainFeatures, validation: others },
    };
  } finally {
    for (const value of Object.values(tensors)) value.dispose();
  }
}

interface LowerPart {
  readonly network: Network;
  readonly count: number;
  readonly weights: Tensors;
}

async function featuresOf(
  { network, count, weights }: LowerPart,
  examples: Examples,
  signal: AbortSignal,
  tell: (done: number) => Promise<void>,
): Promise<Examples | null> {
  const { offsets: _, ...rest } = examples;
  const width = size(network.layers[count - 1]!.outputShape);
  const x = new Float32Array(examples.count * width);
  const breathe = createBreather();
  const fitting = Math.min(64, rowsAtOnce(network));
  for (let start = 0; start < examples.count; start += fitting) {
    if (signal.aborted) return null;
    const end = Math.min(examples.count, start + fitting);
    const output = tidy(() => {
      const input = tensor(inputsOf(examples, start, end), [end - start, ...network.spec.inputShape]);
      const options = { mode: 'infer', random: noRandom, to: count } as const;
      return forwardBetween(network, weights, { [-1]: input }, options).outputs[count - 1]!;
    });
    x.set(await output.data(), start * width);
    output.dispose();
    await tell(end);
    await breathe();
  }
  return { ...rest, x, width };
}

/** The network above: what it took of the lowest layers is its input. */
function upperPart(network: Network, count: number): Network {
  const { layers, inputShape: _, ...rest } = network.spec;
  const nameOf = (position: number) => (position < count ? NETWORK_INPUT : layers[position]!.name);
  const upper = layers.slice(count).map((layer, i) => {
    const inputs = network.wiring[count + i]!.map(nameOf);
    return i === 0 && inputs.length === 1 ? { ...layer, inputs: undefined } : { ...layer, inputs };
  });
  const inputShape = network.layers[count - 1]!.outputShape;
  return buildNetwork({ ...rest, inputShape, layers: upper as typeof layers });
}
