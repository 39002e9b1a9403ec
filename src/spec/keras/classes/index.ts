import type { KerasClass } from '../class.ts';
import { Activation, ELU, LeakyReLU, PReLU, ReLU, Softmax } from './activation.ts';
import { Flatten, Reshape, UpSampling2D, ZeroPadding2D } from './arrangement.ts';
import { Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D } from './convolution.ts';
import { Dense, Embedding } from './dense.ts';
import { Add, Average, Concatenate, Maximum, Multiply, Subtract } from './merge.ts';
import { AlphaDropout, Dropout, GaussianNoise, SpatialDropout1D, SpatialDropout2D } from './noise.ts';
import { BatchNormalization, LayerNormalization } from './normalization.ts';
import {
  AveragePooling1D,
  AveragePooling2D,
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalMaxPooling1D,
  GlobalMaxPooling2D,
  MaxPooling1D,
  MaxPooling2D,
} from './pooling.ts';
import { Bidirectional, GRU, LSTM, SimpleRNN } from './recurrent.ts';

/** Every class of Keras's that stands for a layer of ours. A map, since a class's name comes from a stranger. */
export const CLASSES: ReadonlyMap<string, KerasClass> = new Map(
  Object.entries({
    Dense,
    Conv1D,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv2D,
    SeparableConv2D,
    MaxPooling1D,
    MaxPooling2D,
    AveragePooling1D,
    AveragePooling2D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    UpSampling2D,
    ZeroPadding2D,
    Flatten,
    Reshape,
    BatchNormalization,
    LayerNormalization,
    Activation,
    ReLU,
    LeakyReLU,
    PReLU,
    ELU,
    Softmax,
    Dropout,
    SpatialDropout1D,
    SpatialDropout2D,
    AlphaDropout,
    GaussianNoise,
    Embedding,
    SimpleRNN,
    LSTM,
    GRU,
    Bidirectional,
    Add,
    Subtract,
    Multiply,
    Average,
    Maximum,
    Concatenate,
  }),
);
