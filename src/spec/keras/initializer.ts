import { z } from 'zod';
import { Initializer } from '../initializer.ts';
import type { JsonObject } from './json.ts';
import { numberOption, plain, readSerialized } from './serialized.ts';

/** Keras's initializers that ours are, by their class in small letters; undefined for options that ours lack. */
const INITIALIZERS: ReadonlyMap<string, (options: JsonObject) => unknown> = new Map([
  ['zeros', () => 'zeros'],
  ['ones', () => 'ones'],
  ['glorotnormal', () => 'glorotNormal'],
  ['glorotuniform', () => 'glorotUniform'],
  ['henormal', () => 'heNormal'],
  ['heuniform', () => 'heUniform'],
  ['lecunnormal', () => 'lecunNormal'],
  ['lecununiform', () => 'lecunUniform'],
  ['variancescaling', varianceScaling],
  ['orthogonal', (options) => (numberOption(options, 'gain', 1) === 1 ? 'orthogonal' : undefined)],
  ['constant', (options) => ({ type: 'constant', value: numberOption(options, 'value', 0) })],
  ['randomnormal', randomNormal],
  ['normal', randomNormal],
  ['randomuniform', randomUniform],
  ['uniform', randomUniform],
]);

function randomNormal(options: JsonObject): unknown {
  return {
    type: 'normal',
    mean: numberOption(options, 'mean', 0),
    std: numberOption(options, 'stddev', 0.05),
  };
}

function randomUniform(options: JsonObject): unknown {
  return {
    type: 'uniform',
    low: numberOption(options, 'minval', -0.05),
    high: numberOption(options, 'maxval', 0.05),
  };
}

/** Ours by scale, mode and distribution. A `normal` one is cut off too, as in Keras and TensorFlow.js. */
const SCALINGS: ReadonlyMap<string, string> = new Map([
  ['1 fanavg normal', 'glorotNormal'],
  ['1 fanavg uniform', 'glorotUniform'],
  ['2 fanin normal', 'heNormal'],
  ['2 fanin uniform', 'heUniform'],
  ['1 fanin normal', 'lecunNormal'],
  ['1 fanin uniform', 'lecunUniform'],
]);

function varianceScaling({
  scale = 1,
  mode = 'fan_in',
  distribution = 'truncated_normal',
}: JsonObject): unknown {
  const shape = plain(String(distribution)).replace('truncatednormal', 'normal');
  return SCALINGS.get(`${scale} ${plain(String(mode))} ${shape}`);
}

const REFUSAL =
  'must be a Glorot, He or LeCun initializer (or a VarianceScaling that equals one), Orthogonal of gain 1, Zeros, Ones, Constant, RandomNormal or RandomUniform';

/** Undefined for an initializer that ours are not. */
function readInitializer(value: unknown): Initializer | undefined {
  const serialized = readSerialized(value);
  const ours = serialized && INITIALIZERS.get(serialized.kind)?.(serialized.options);
  return Initializer.safeParse(ours).data;
}

function initializer(isTaken: (found: Initializer) => boolean, refusal: string) {
  return z.unknown().transform((value, context): Initializer => {
    const found = readInitializer(value);
    if (found !== undefined && isTaken(found)) return found;
    context.addIssue({ code: 'custom', message: refusal });
    return z.NEVER;
  });
}

/** A kernel's; Keras's own default where it is left out, not the one that suits the activation. */
export const KernelInitializer = initializer(() => true, REFUSAL).default('glorotUniform');

export const RecurrentInitializer = initializer(() => true, REFUSAL).default('orthogonal');

export const EmbeddingInitializer = initializer(() => true, REFUSAL).default({
  type: 'uniform',
  low: -0.05,
  high: 0.05,
});

export const SlopeInitializer = initializer(() => true, REFUSAL)
  .transform((found, context): number => {
    if (found === 'zeros') return 0;
    if (found === 'ones') return 1;
    if (typeof found === 'object' && found.type === 'constant') return found.value;
    context.addIssue({ code: 'custom', message: 'must be Zeros, Ones or a Constant' });
    return z.NEVER;
  })
  .default(0);

export const ZerosInitializer = initializer(
  (found) => found === 'zeros' || isConstant(found, 0),
  'must be Zeros: this always starts so here',
).optional();

export const OnesInitializer = initializer(
  (found) => found === 'ones' || isConstant(found, 1),
  'must be Ones: this always starts so here',
).optional();

function isConstant(found: Initializer, value: number): boolean {
  return typeof found === 'object' && found.type === 'constant' && found.value === value;
}
