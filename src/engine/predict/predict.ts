import { createBreather } from '../breathe.ts';
import { type Network, numbersARow } from '../model/network.ts';
import type { Tensors } from '../tensors.ts';
import type { Decode } from './decode.ts';
import type { Forward } from './forward.ts';
import { deterministicPass, startPasses } from './passes.ts';

interface Model {
  readonly network: Network;
  readonly weights: Tensors;
  /** What sends rows through the network; tfjs when left out. */
  readonly forward?: Forward;
}

/** One decoded answer a row, dropout off. @param x encoded rows, `[count, width]` */
export async function predict(
  model: Model,
  x: Float32Array,
  count: number,
  decode: Decode,
): Promise<Float64Array[]> {
  const { network, weights, forward } = model;
  const compiled = await forward?.deterministicPass(x, count);
  const outputs = compiled ?? (await deterministicPass(network, weights, x, count));
  return split(outputs, network.outputUnits).map(decode);
}

export interface McDropoutOptions {
  /** The most passes. */
  readonly samples: number;
  readonly seed: number;
  /** Stop once the standard error of every mean is at or below this, in the decoded answer's units. */
  readonly targetStandardError?: number | undefined;
}

/** The model has no layer that Monte-Carlo dropout makes random. */
export class NotStochasticError extends Error {
  override readonly name = 'NotStochasticError';

  constructor() {
    super(
      'The model has no dropout layer, so every Monte-Carlo pass would be the same; leave mcDropout out.',
    );
  }
}

/** About how many sampled numbers are held at once. */
const NUMBERS_HELD = 8_000_000;
/** How many passes the first guess of a standard error wants. */
const FEWEST_PASSES = 10;

/**
 * Monte-Carlo dropout: each row's decoded samples are handed to `summarize`, a group of rows after another, so
 * that not all samples are held at once. The same rows, seed and samples give the same answer.
 * @returns each row's summary, and the most passes that any row took
 * @throws NotStochasticError
 */
export async function predictMonteCarlo<Summary>(
  model: Model,
  x: Float32Array,
  count: number,
  decode: Decode,
  options: McDropoutOptions,
  summarize: (samples: Float64Array[], row: number) => Summary,
): Promise<{ samplesUsed: number; summaries: Summary[] }> {
  const { network } = model;
  if (network.firstStochastic === -1) throw new NotStochasticError();
  const width = x.length / count;
  const perRow = Math.max(options.samples * network.outputUnits, numbersARow(network));
  const rowsAtOnce = Math.max(1, Math.floor(NUMBERS_HELD / perRow));
  const summaries: Summary[] = [];
  const breathe = createBreather();
  let samplesUsed = 0;
  for (let start = 0; start < count; start += rowsAtOnce) {
    const end = Math.min(count, start + rowsAtOnce);
    const group = await sampleRows(
      model,
      x.subarray(start * width, end * width),
      end - start,
      decode,
      options,
    );
    for (const [i, samples] of group.entries()) {
      summaries.push(summarize(samples, start + i));
      await breathe();
    }
    samplesUsed = Math.max(samplesUsed, group[0]!.length);
  }
  return { samplesUsed, summaries };
}

/** `[row][pass]`: decoded samples of rows that fit into memory together. */
async function sampleRows(
  { network, weights, forward }: Model,
  x: Float32Array,
  count: number,
  decode: Decode,
  { samples, seed, targetStandardError }: McDropoutOptions,
): Promise<Float64Array[][]> {
  const breathe = createBreather();
  const compiled = await forward?.startPasses(x, count, seed);
  const passes = compiled ?? startPasses(network, weights, x, count, seed);
  const rows: Float64Array[][] = Array.from({ length: count }, () => []);
  const few = targetStandardError === undefined ? samples : FEWEST_PASSES;
  try {
    for (let done = 0; done < samples; ) {
      const now = Math.min(samples - done, passes.passesAtOnce, few);
      const outputs = split(await passes.next(now), network.outputUnits);
      for (const [i, output] of outputs.entries()) rows[i % count]!.push(decode(output));
      done += now;
      await breathe();
      if (targetStandardError === undefined) continue;
      if (rows.every((row) => standardError(row, meansIn(network)) <= targetStandardError)) break;
    }
  } finally {
    passes.dispose();
  }
  return rows;
}

/** How many of an answer's numbers are means: a Gaussian's standard deviations come after its means. */
function meansIn({ spec, outputUnits }: Network): number {
  return spec.distribution === 'gaussian' ? outputUnits / 2 : outputUnits;
}

/** The greatest standard error among a row's means, by the unbiased variance of its samples. */
function standardError(samples: readonly Float64Array[], means: number): number {
  if (samples.length < 2) return Number.POSITIVE_INFINITY;
  const errors = samples[0]!.subarray(0, means).map((_, unit) => {
    const mean = samples.reduce((sum, sample) => sum + sample[unit]!, 0) / samples.length;
    const squares = samples.reduce((sum, sample) => sum + (sample[unit]! - mean) ** 2, 0);
    return Math.sqrt(squares / (samples.length - 1) / samples.length);
  });
  return errors.reduce((a, b) => Math.max(a, b));
}

function split(outputs: Float32Array, units: number): Float32Array[] {
  return Array.from({ length: outputs.length / units }, (_, i) =>
    outputs.subarray(i * units, (i + 1) * units),
  );
}
