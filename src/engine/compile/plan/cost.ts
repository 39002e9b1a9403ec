import type { Nest } from '../loops/nest.ts';
import type { Instruction, Plan } from './plan.ts';

/** What one thread does in a microsecond, roughly: multiplications of products, numbers that loops go through. */
const [PRODUCTS, NUMBERS] = [25_000, 2_000];
/** Threads meet some times in every run; less work than this one thread does sooner alone. */
const WORTH_DIVIDING = 150;

/** Whether a plan has so much to do that dividing it among threads pays. */
export function isWorthDividing({ measure, update, nests }: Plan): boolean {
  const microseconds = [...measure, ...update].reduce((sum, call) => sum + costOf(call, nests), 0);
  return microseconds > WORTH_DIVIDING;
}

function costOf(call: Instruction, nests: readonly Nest[]): number {
  switch (call.kind) {
    case 'nest':
      return nests[call.nest]!.dimensions.reduce((product, { size }) => product * size, 1) / NUMBERS;
    case 'product':
      return (call.batch * call.m * call.n * call.k) / PRODUCTS;
    case 'kernel': {
      const { window } = call;
      if (!window) return call.size / NUMBERS;
      const { images, outHeight, outWidth, outChannels, channels, kernelHeight, kernelWidth } = window;
      const places = images * outHeight * outWidth * kernelHeight * kernelWidth;
      if (call.name.startsWith('conv2d')) return (places * channels * outChannels) / PRODUCTS;
      return (places * channels) / NUMBERS;
    }
  }
}
