import { z } from 'zod';
import { PlainActivation } from '../activation.ts';
import { LayerSize } from '../common.ts';
import { Initializer } from '../initializer.ts';
import { penalized, placed } from './fields.ts';

/** Of one number each: a softmax over units would mix what a recurrent layer keeps apart. */
const UnitActivation = PlainActivation.exclude(['softmax']);

const recurrent = {
  ...placed,
  units: LayerSize,
  activation: UnitActivation.default('tanh'),
  returnSequences: z.boolean().default(false).meta({
    description:
      'Puts out every step, [length, units], rather than the last alone, [units]; a recurrent layer upon it needs that.',
  }),
  backwards: z.boolean().default(false).meta({
    description:
      'Reads from the last step to the first; a sequence that it puts out keeps the input’s order.',
  }),
  initializer: Initializer.default('glorotUniform'),
  recurrentInitializer: Initializer.default('orthogonal'),
  useBias: z.boolean().default(true),
  ...penalized,
};

const recurrentActivation = UnitActivation.default('sigmoid').meta({
  description: 'That of the gates; `activation` is that of the state.',
});

/**
 * Recurrent layers over sequences [length, channels], as Keras defines them. Penalties and max-norm are those of
 * the input's kernel: as in Keras, none of them touches the recurrent kernel.
 */
export const SimpleRnnLayer = z.strictObject({ type: z.literal('simpleRnn'), ...recurrent });
export const LstmLayer = z.strictObject({
  type: z.literal('lstm'),
  ...recurrent,
  recurrentActivation,
  unitForgetBias: z.boolean().default(true).meta({
    description: 'The forget gate’s bias starts at 1, so that the cell remembers at first.',
  }),
});
/** Its reset gate acts after the recurrent product, as by default in Keras 3 (`reset_after`). */
export const GruLayer = z.strictObject({ type: z.literal('gru'), ...recurrent, recurrentActivation });
