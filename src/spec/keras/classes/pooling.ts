import { type KerasClass, kerasClass } from '../class.ts';
import { Padding, Pair, Single, spatial } from '../options.ts';

type Pool = 'maxPool' | 'avgPool';
type GlobalPool = 'globalMaxPool' | 'globalAvgPool';

/** [length, channels], and [height, width, channels]. */
const SEQUENCE = 2;
const PICTURE = 3;

function pooling1D(type: Pool): KerasClass {
  const options = { ...spatial, pool_size: Single.default(2), strides: Single.optional(), padding: Padding };
  return kerasClass(options, ({ pool_size: poolSize, strides = poolSize, padding }) => ({
    layer: { type, poolSize, strides, padding },
    inputRank: SEQUENCE,
  }));
}

function pooling2D(type: Pool): KerasClass {
  const options = { ...spatial, pool_size: Pair.default([2, 2]), strides: Pair.optional(), padding: Padding };
  return kerasClass(options, ({ pool_size: poolSize, strides = poolSize, padding }) => ({
    layer: { type, poolSize, strides, padding },
    inputRank: PICTURE,
  }));
}

function globalPooling(type: GlobalPool, inputRank: number): KerasClass {
  return kerasClass(spatial, () => ({ layer: { type }, inputRank }));
}

export const MaxPooling1D = pooling1D('maxPool');
export const MaxPooling2D = pooling2D('maxPool');
export const AveragePooling1D = pooling1D('avgPool');
export const AveragePooling2D = pooling2D('avgPool');
export const GlobalMaxPooling1D = globalPooling('globalMaxPool', SEQUENCE);
export const GlobalMaxPooling2D = globalPooling('globalMaxPool', PICTURE);
export const GlobalAveragePooling1D = globalPooling('globalAvgPool', SEQUENCE);
export const GlobalAveragePooling2D = globalPooling('globalAvgPool', PICTURE);
