import { PositiveInt } from '../../common.ts';
import { kerasClass } from '../class.ts';
import { EmbeddingInitializer, KernelInitializer } from '../initializer.ts';
import { absent, activated, biased, weighted } from '../options.ts';
import { maxNorm, Regularizer } from '../penalty.ts';

export const Dense = kerasClass(
  {
    ...weighted,
    ...biased,
    ...activated,
    units: PositiveInt,
    kernel_initializer: KernelInitializer,
    kernel_regularizer: Regularizer,
    kernel_constraint: maxNorm(0),
  },
  ({ units, activation, use_bias, kernel_initializer, kernel_regularizer, kernel_constraint }) => ({
    layer: {
      type: 'dense',
      units,
      activation,
      useBias: use_bias,
      initializer: kernel_initializer,
      ...kernel_regularizer,
      ...kernel_constraint,
    },
  }),
);

export const Embedding = kerasClass(
  {
    ...weighted,
    input_dim: PositiveInt,
    output_dim: PositiveInt,
    embeddings_initializer: EmbeddingInitializer,
    embeddings_regularizer: Regularizer,
    embeddings_constraint: maxNorm(1),
    mask_zero: absent('there is no masking here: every id has its vector'),
  },
  ({ input_dim, output_dim, embeddings_initializer, embeddings_regularizer, embeddings_constraint }) => ({
    layer: {
      type: 'embedding',
      inputDim: input_dim,
      outputDim: output_dim,
      initializer: embeddings_initializer,
      ...embeddings_regularizer,
      ...embeddings_constraint,
    },
  }),
);
