export { transpose } from './arrangement';
export { col2im, im2col } from './convolution';
export { depthwise, depthwiseFilterGradient, depthwiseInputGradient } from './depthwise';
export { gatherRows, segmentSum } from './gather';
export { gemm } from './gemm';
export { avgPool, avgPoolGradient, maxPool, maxPoolGradient } from './pooling';
export { fillNormal } from './random';
