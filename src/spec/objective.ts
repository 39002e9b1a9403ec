import { z } from 'zod';
import { PositiveInt } from './common.ts';
import type { PretrainingTask } from './data.ts';
import { ListedLayer } from './listed-layer.ts';
import { OptimizerSpec } from './optimizer.ts';

const MeanSquares = z.strictObject({ type: z.literal('mse') });
const MeanAbsolutes = z.strictObject({ type: z.literal('mae') });
const Huber = z.strictObject({ type: z.literal('huber'), delta: z.number().positive().default(1) });

/** What a stage minimises; it follows from the task when left out. */
export const LossSpec = z
  .discriminatedUnion('type', [
    z.strictObject({
      type: z.literal('categoricalCrossEntropy'),
      labelSmoothing: z.number().min(0).lt(1).default(0),
    }),
    z.strictObject({
      type: z.literal('binaryCrossEntropy'),
      labelSmoothing: z
        .number()
        .min(0)
        .lt(1)
        .default(0)
        .meta({ description: 'Half of it is taken from 1 and given to 0, as Keras does: y(1 − s) + s/2.' }),
    }),
    MeanSquares,
    MeanAbsolutes,
    Huber,
    z.strictObject({ type: z.literal('gaussianNll') }).meta({
      description:
        'The network says a mean and the logarithm s of a variance: ½(s + (y − mean)²e⁻ˢ) (Nix and Weigend 1994). In stages with another loss only the mean learns.',
    }),
  ])
  .meta({ id: 'Loss' });
export type LossSpec = z.infer<typeof LossSpec>;

/** What a stage that puts its inputs together again minimises: mse when left out. */
const ReconstructionLoss = z.discriminatedUnion('type', [MeanSquares, MeanAbsolutes, Huber]);

const Autoencoder = z
  .strictObject({ type: z.literal('autoencoder'), loss: ReconstructionLoss.optional() })
  .meta({
    description:
      'Puts the encoded input together again, through fewer numbers than it has (Hinton and Salakhutdinov 2006).',
  });

const Denoising = z
  .strictObject({
    type: z.literal('denoising'),
    noise: z.enum(['mask', 'gaussian']).default('mask').meta({
      description:
        '`mask` sets each number to 0 with the probability `amount`; `gaussian` adds noise with the standard deviation `amount`, in encoded units.',
    }),
    amount: z.number().positive().max(10).default(0.25),
    loss: ReconstructionLoss.optional(),
  })
  .refine(({ noise, amount }) => noise !== 'mask' || amount < 1, {
    error: 'as a probability it must be less than 1: else nothing is left of the input',
    path: ['amount'],
  })
  .meta({
    description:
      'Puts the input together again from a corrupted one (Vincent et al. 2008; 2010 has masks of 10 to 40 % and noise of 0.05 to 0.5).',
  });

const Masked = z
  .strictObject({
    type: z.literal('masked'),
    share: z.number().positive().lt(1).optional().meta({
      description:
        'How much of each example is hidden, one part at least: 0.75 of a picture (He et al. 2021) and 0.3 of anything else (Yoon et al. 2020) when left out.',
    }),
    patch: PositiveInt.optional().meta({
      description:
        'Of a picture squares of so many pixels are hidden, all channels of them; it must divide both sides. When left out: as many as make 14 squares a side or more (He et al. 2021). Of anything else single columns are hidden, a category as a whole.',
    }),
    loss: ReconstructionLoss.optional(),
  })
  .meta({
    description:
      'Fills in what was hidden: it is set to 0, which is the mean of standardized numbers, and the loss is the mean over hidden numbers alone.',
  });

const Rotation = z.strictObject({ type: z.literal('rotation') }).meta({
  description:
    'Tells by how much a square picture was turned: 0, 90, 180 or 270° counterclockwise (Gidaris et al. 2018). Each epoch turns each picture once, at random.',
});

const Pairs = z.strictObject({ type: z.literal('pairs') }).meta({
  description:
    'Tells whether two examples have the same value of the target, a label or a group: half of the pairs do. The layer below the output says a vector of each, and the output is a dense layer of their absolute difference (Koch et al. 2015).',
});

const Gan = z
  .strictObject({
    type: z.literal('gan'),
    latent: PositiveInt.max(10_000).default(32).meta({
      description: 'How many numbers of noise, each standard normal, the generator makes an example of.',
    }),
    generator: z
      .strictObject({
        layers: z.array(ListedLayer).min(1).max(200).meta({
          description:
            'From the noise up. Unless they end in a picture of the inputs’ shape, a linear layer that puts out as many numbers as an encoded input has is added.',
        }),
        optimizer: OptimizerSpec.optional().meta({
          description: 'The stage’s own when left out. The schedule changes both rates by the same factor.',
        }),
      })
      .meta({ description: 'The network that makes examples up. It becomes a model of its own.' }),
    labelSmoothing: z.number().min(0).lt(0.5).default(0).meta({
      description: 'Taken from the 1 of true examples, and of these alone (Salimans et al. 2016).',
    }),
  })
  .meta({
    description:
      'The job’s model is the discriminator: it tells true examples from those that a generator makes up of noise, while the generator learns to make such as it takes for true (Goodfellow et al. 2014). Each step moves the one, then the other.',
  });

/** What a stage learns from: the target, or the inputs alone. */
export const ObjectiveSpec = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('supervised'), loss: LossSpec.optional() }),
  Autoencoder,
  Denoising,
  Masked,
  Rotation,
  Pairs,
  Gan,
]);
export type ObjectiveSpec = z.infer<typeof ObjectiveSpec>;
export type ObjectiveOf<T extends ObjectiveSpec['type']> = Extract<ObjectiveSpec, { type: T }>;

const PRETRAINING_TASKS = {
  autoencoder: 'reconstruction',
  denoising: 'reconstruction',
  masked: 'reconstruction',
  rotation: 'rotation',
  pairs: 'pairs',
  gan: 'gan',
} as const satisfies Record<Exclude<ObjectiveSpec['type'], 'supervised'>, PretrainingTask>;

/** What an objective has the network say; undefined where the target decides. */
export function pretrainingTask({ type }: ObjectiveSpec): PretrainingTask | undefined {
  return type === 'supervised' ? undefined : PRETRAINING_TASKS[type];
}

/** What a job's stages have the network say; all of them must ask the same. */
export function pretrainingTaskOf(
  stages: readonly { readonly objective: ObjectiveSpec }[],
): PretrainingTask | undefined {
  return stages[0] && pretrainingTask(stages[0].objective);
}
