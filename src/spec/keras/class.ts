import { z } from 'zod';
import type { ListedLayer } from '../listed-layer.ts';
import type { JsonObject } from './json.ts';

type Without<Layer, Keys extends PropertyKey> = Layer extends unknown ? Omit<Layer, Keys> : never;

/** One of our layers as a class stands for it, before it is told its name and what it takes. */
export type Unplaced = Without<z.input<typeof ListedLayer>, 'name' | 'inputs'>;

export interface Mapped {
  readonly layer: Unplaced;
  /** How many dimensions its input must have, without the batch, where our layer takes others too. */
  readonly inputRank?: number;
}

/** One of Keras's layer classes: what it reads of a config. */
export interface KerasClass {
  read(config: JsonObject): { mapped: Mapped } | { issues: readonly z.core.$ZodIssue[] };
}

/**
 * What says nothing about what a layer computes, what is nothing without an option that is refused, or what the
 * job settles: all is in float32, everything random follows from its seed, and its stages say what is trained.
 */
const IGNORED: ReadonlySet<string> = new Set([
  'name',
  'dtype',
  'trainable',
  'seed',
  'batch_shape',
  'batch_input_shape',
  'input_shape',
  'input_length',
  'implementation',
  'unroll',
  'synchronized',
  'fused',
  'renorm_clipping',
  'renorm_momentum',
  'zero_output_for_mask',
]);

type Config<Options extends z.ZodRawShape> = z.output<z.ZodObject<Options>>;

/** An option that doesn’t go together with others, and why. */
interface Clash {
  readonly option: string;
  readonly message: string;
}

/**
 * @param options those that are taken; any other is refused, unless it is off (null or false)
 * @param map ours of them
 * @param clashOf looks at several options together
 */
export function kerasClass<Options extends z.ZodRawShape>(
  options: Options,
  map: (config: Config<Options>) => Mapped,
  clashOf: (config: Config<Options>) => Clash | undefined = () => undefined,
): KerasClass {
  const schema = z.strictObject(options).superRefine((config, context) => {
    const clash = clashOf(config as Config<Options>);
    if (clash) context.addIssue({ code: 'custom', path: [clash.option], message: clash.message });
  });
  const isGiven = ([key, value]: [string, unknown]) =>
    value !== null && (Object.hasOwn(options, key) || (value !== false && !IGNORED.has(key)));
  return {
    read(config) {
      const given = Object.fromEntries(Object.entries(config).filter(isGiven));
      const { data, error } = schema.safeParse(given);
      return error ? { issues: error.issues } : { mapped: map(data as Config<Options>) };
    },
  };
}
