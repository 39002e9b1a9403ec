import { registerConv2dFilterGradient } from './conv2d-filter-gradient.ts';
import { registerDepthwiseGradients } from './depthwise-gradients.ts';
import { registerMatMul } from './matmul.ts';
import { registerMaxPoolGradient } from './max-pool-gradient.ts';
import { registerSegmentSum } from './segment-sum.ts';

/** Adds the kernels that training needs to the wasm backend of tfjs 4.22. Call it once, before the backend starts. */
export function registerKernels(): void {
  registerMatMul();
  registerConv2dFilterGradient();
  registerDepthwiseGradients();
  registerMaxPoolGradient();
  registerSegmentSum();
}
