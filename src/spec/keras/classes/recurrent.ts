import { z } from 'zod';
import { PositiveInt } from '../../common.ts';
import { LayerActivation } from '../activation.ts';
import { type KerasClass, kerasClass, type Unplaced } from '../class.ts';
import { KernelInitializer, RecurrentInitializer } from '../initializer.ts';
import { isObject } from '../json.ts';
import { absent, biased, noDropout, weighted } from '../options.ts';
import { maxNorm, Regularizer } from '../penalty.ts';

const recurrentKernel = absent('only the input’s kernel has penalties here');

const recurrent = {
  ...weighted,
  ...biased,
  units: PositiveInt,
  activation: LayerActivation.default('tanh'),
  kernel_initializer: KernelInitializer,
  kernel_regularizer: Regularizer,
  kernel_constraint: maxNorm(0),
  recurrent_initializer: RecurrentInitializer,
  recurrent_regularizer: recurrentKernel,
  recurrent_constraint: recurrentKernel,
  return_sequences: z.boolean().default(false),
  go_backwards: z.boolean().default(false),
  return_state: absent('a layer puts out its sequence or its last step here, not its state'),
  stateful: absent('every example starts from a state of zeros here'),
  time_major: absent('sequences are [length, channels] here'),
  dropout: noDropout(),
  recurrent_dropout: noDropout(),
};
const gates = { recurrent_activation: LayerActivation.default('sigmoid') };

/** Their activations are fewer than `LayerActivation`'s, which is told where all listed layers are parsed. */
function unplaced(layer: { type: string } & Record<string, unknown>): Unplaced {
  return layer as unknown as Unplaced;
}

type Recurrent = z.output<z.ZodObject<typeof recurrent>>;

function fieldsOf(config: Recurrent) {
  return {
    units: config.units,
    activation: config.activation,
    initializer: config.kernel_initializer,
    recurrentInitializer: config.recurrent_initializer,
    useBias: config.use_bias,
    returnSequences: config.return_sequences,
    backwards: config.go_backwards,
    ...config.kernel_regularizer,
    ...config.kernel_constraint,
  };
}

/** Keras leaves such a sequence in the order in which it was read, ours keeps the input's. */
const reversed = ({ go_backwards, return_sequences }: Recurrent) =>
  go_backwards && return_sequences
    ? { option: 'go_backwards', message: 'must be false where return_sequences is true' }
    : undefined;

export const SimpleRNN = kerasClass(
  recurrent,
  (config) => ({ layer: unplaced({ type: 'simpleRnn', ...fieldsOf(config) }) }),
  reversed,
);

export const LSTM = kerasClass(
  { ...recurrent, ...gates, unit_forget_bias: z.boolean().default(true) },
  (config) => ({
    layer: unplaced({
      type: 'lstm',
      ...fieldsOf(config),
      recurrentActivation: config.recurrent_activation,
      unitForgetBias: config.unit_forget_bias,
    }),
  }),
  reversed,
);

export const GRU = kerasClass(
  {
    ...recurrent,
    ...gates,
    reset_after: z
      .literal(true, { error: 'must be true: the reset gate acts after the recurrent product here' })
      .default(true),
  },
  (config) => ({
    layer: unplaced({ type: 'gru', ...fieldsOf(config), recurrentActivation: config.recurrent_activation }),
  }),
  reversed,
);

const DIRECTED: ReadonlyMap<unknown, KerasClass> = new Map([
  ['SimpleRNN', SimpleRNN],
  ['LSTM', LSTM],
  ['GRU', GRU],
]);

/** The layer within, of one of the classes above. */
const Directed = z.unknown().transform((value, context): Record<string, unknown> => {
  const kerasLayer = isObject(value) ? DIRECTED.get(value.class_name) : undefined;
  if (!isObject(value) || !isObject(value.config) || kerasLayer === undefined) {
    context.addIssue({ code: 'custom', message: `must be one of ${[...DIRECTED.keys()].join(', ')}` });
    return z.NEVER;
  }
  if (value.config.go_backwards === true)
    context.addIssue({ code: 'custom', message: 'must be false', path: ['config', 'go_backwards'] });
  const reading = kerasLayer.read(value.config);
  if ('mapped' in reading) return reading.mapped.layer;
  for (const { message, path } of reading.issues)
    context.addIssue({ code: 'custom', message, path: ['config', ...path] });
  return z.NEVER;
});

const MERGES = { concat: 'concat', sum: 'add', mul: 'multiply', ave: 'average' } as const;

export const Bidirectional = kerasClass(
  {
    ...weighted,
    layer: Directed,
    merge_mode: z.enum(['concat', 'sum', 'mul', 'ave']).default('concat'),
    backward_layer: absent('both directions are the same layer here'),
  },
  ({ layer: { backwards: _, ...layer }, merge_mode }) => ({
    layer: unplaced({ type: 'bidirectional', layer, merge: MERGES[merge_mode] }),
  }),
);
