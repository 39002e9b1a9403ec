import { registerCast } from './cast.ts';
import { registerClipByValue } from './clip-by-value.ts';
import { registerConv2dFilterGradient } from './conv2d-filter-gradient.ts';
import { registerDepthwiseFilterGradient } from './depthwise-filter-gradient.ts';
import { registerGather } from './gather.ts';
import { registerInputGradients } from './input-gradients.ts';
import { registerMatMul } from './matmul.ts';
import { registerMaxPoolGradient } from './max-pool-gradient.ts';
import { registerOneHot } from './one-hot.ts';
import { registerReductions } from './reductions.ts';
import { registerSegmentSum } from './segment-sum.ts';
import { registerSplits } from './split.ts';

/**
 * Repairs the wasm backend of tfjs 4.22: adds the kernels that training needs, and replaces the ones that are
 * wrong or slow. Call it once, before the backend starts.
 */
export function registerKernels(): void {
  registerMatMul();
  registerConv2dFilterGradient();
  registerDepthwiseFilterGradient();
  registerInputGradients();
  registerMaxPoolGradient();
  registerGather();
  registerSplits();
  registerSegmentSum();
  registerReductions();
  registerClipByValue();
  registerOneHot();
  registerCast();
}
