import { z } from 'zod';
import { Rate } from '../../common.ts';
import { kerasClass } from '../class.ts';
import { absent, spatial } from '../options.ts';

const dropping = { rate: Rate, noise_shape: absent('every number is dropped by itself here') };

export const Dropout = kerasClass(dropping, ({ rate }) => ({ layer: { type: 'dropout', rate } }));
export const AlphaDropout = kerasClass(dropping, ({ rate }) => ({ layer: { type: 'alphaDropout', rate } }));

const droppingChannels = { ...dropping, ...spatial };

export const SpatialDropout1D = kerasClass(droppingChannels, ({ rate }) => ({
  layer: { type: 'spatialDropout', rate },
  inputRank: 2,
}));
export const SpatialDropout2D = kerasClass(droppingChannels, ({ rate }) => ({
  layer: { type: 'spatialDropout', rate },
  inputRank: 3,
}));

export const GaussianNoise = kerasClass({ stddev: z.number().min(0) }, ({ stddev: std }) => ({
  layer: { type: 'gaussianNoise', std },
}));
