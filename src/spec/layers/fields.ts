import { z } from 'zod';
import { Activation } from '../activation.ts';
import { Identifier, LayerSize } from '../common.ts';
import { Initializer } from '../initializer.ts';

/** Every layer has a name, and takes the layer before it unless it says otherwise. */
export const placed = {
  name: Identifier.optional().meta({ description: 'Unique in the model; made from the type when left out.' }),
  inputs: z.array(Identifier).min(1).max(100).optional().meta({
    description:
      'The layers whose outputs it takes, by name; “input” is the network’s own. The layer before it when left out.',
  }),
};

/** Penalties and constraint of a kernel; the model’s own stand in for what is left out. */
export const penalized = {
  l1: z.number().min(0).optional(),
  l2: z.number().min(0).optional(),
  maxNorm: z
    .number()
    .positive()
    .optional()
    .meta({ description: 'Bounds the norm of each unit’s incoming weights after every step.' }),
};

export const activated = {
  activation: Activation.default('linear'),
  initializer: Initializer.optional().meta({ description: 'Follows the activation when left out.' }),
  useBias: z.boolean().default(true),
};

/** Along height and width: one number for both, or each by itself. */
export const Pair = z.union([LayerSize, z.tuple([LayerSize, LayerSize])]);
export const Padding = z.enum(['valid', 'same']).default('valid');
