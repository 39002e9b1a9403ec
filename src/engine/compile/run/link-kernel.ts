import type { Window } from '../ir/program.ts';
import type { DepthwiseArguments, WindowArguments } from '../kernels/kernels.ts';
import type { KernelCall } from '../plan/plan.ts';
import { imagesAtOnce, patchSize } from '../plan/scratch.ts';
import type { Call } from './call.ts';
import type { Machine } from './machine.ts';

const BYTES = 4;

/** The call of a fixed kernel. */
export function linkKernel(call: KernelCall, machine: Machine): Call {
  const { name, output, scratch, window } = call;
  const { kernels } = machine;
  const [first, second, third] = call.operands as [number, number, number];
  const numbers = call.numbers as Record<string, number>;
  switch (name) {
    case 'conv2d':
      return convolution(call, window!, machine);
    case 'conv2dInputGradient':
      return inputGradient(call, window!, machine);
    case 'conv2dFilterGradient':
      return filterGradient(call, window!, machine);
    case 'depthwise':
      return () => kernels.depthwise(first, second, output, ...depthwise(window!, scratch));
    case 'depthwiseInputGradient':
      return () => kernels.depthwiseInputGradient(first, second, output, ...depthwise(window!, scratch));
    case 'depthwiseFilterGradient':
      return () => kernels.depthwiseFilterGradient(first, second, output, 0, ...depthwise(window!, scratch));
    case 'maxPool':
      return () => kernels.maxPool(first, output, ...sliding(window!, window!.images));
    case 'maxPoolGradient':
      return () => kernels.maxPoolGradient(first, second, third, output, ...sliding(window!, window!.images));
    case 'avgPool':
      return () => kernels.avgPool(first, output, ...sliding(window!, window!.images));
    case 'avgPoolGradient':
      return () => kernels.avgPoolGradient(first, output, ...sliding(window!, window!.images));
    case 'transpose': {
      const { batch, rows, columns } = numbers as { batch: number; rows: number; columns: number };
      return () => kernels.transpose(first, output, batch, rows, columns);
    }
    case 'gather': {
      const { rows, count, width } = numbers as { rows: number; count: number; width: number };
      return () => {
        kernels.gatherRows(first, rows, second, output, count, width);
      };
    }
    case 'segmentSum': {
      const { count, width, segments } = numbers as { count: number; width: number; segments: number };
      return () => kernels.segmentSum(first, second, output, count, width, segments);
    }
    case 'normal':
      return normals(call, machine);
  }
}

/** Draws of one stream after another, `width` of each. */
function normals({ operands, output, numbers }: KernelCall, { kernels, memory }: Machine): Call {
  const { from, to, width } = numbers as { from: number; to: number; width: number };
  const streams = new Int32Array(memory.buffer, operands[0], 2 * Math.ceil(to / width));
  return () => {
    for (let at = from; at < to; ) {
      const stream = Math.floor(at / width);
      const end = Math.min(to, (stream + 1) * width);
      const place = output + (at - from) * BYTES;
      const first = stream * width;
      kernels.fillNormal(place, at - first, end - first, streams[2 * stream]!, streams[2 * stream + 1]!);
      at = end;
    }
  };
}

function sliding(window: Window, images: number): WindowArguments {
  const { height, width, channels, kernelHeight, kernelWidth, strideY, strideX } = window;
  const { top, left, outHeight, outWidth } = window;
  return [
    ...([images, height, width, channels, kernelHeight, kernelWidth, strideY, strideX] as const),
    ...([top, left, outHeight, outWidth] as const),
  ];
}

function depthwise(window: Window, scratch: number): DepthwiseArguments {
  return [window.outChannels / window.channels, scratch, ...sliding(window, window.images)];
}

/** How the images of a convolution are gone through: some at once, whose patches the cache holds. */
interface Chunk {
  readonly images: number;
  /** How many places the filters are put at. */
  readonly rows: number;
  readonly input: number;
  readonly output: number;
}

function* chunksOf(window: Window): Generator<Chunk> {
  const atOnce = imagesAtOnce(window);
  const { height, width, channels, outHeight, outWidth, outChannels } = window;
  for (let first = 0; first < window.images; first += atOnce) {
    const images = Math.min(atOnce, window.images - first);
    yield {
      images,
      rows: images * outHeight * outWidth,
      input: first * height * width * channels * BYTES,
      output: first * outHeight * outWidth * outChannels * BYTES,
    };
  }
}

function convolution(
  { operands, output, scratch }: KernelCall,
  window: Window,
  { kernels, gemm }: Machine,
): Call {
  const [x, filter] = operands as [number, number];
  const [depth, channels] = [patchSize(window), window.outChannels];
  const chunks = [...chunksOf(window)].map((chunk) => ({ ...chunk, sliding: sliding(window, chunk.images) }));
  return () => {
    for (const { rows, input, output: at, sliding } of chunks) {
      kernels.im2col(x + input, scratch, ...sliding);
      gemm.multiply(
        rows,
        channels,
        depth,
        scratch,
        depth,
        1,
        filter,
        channels,
        1,
        output + at,
        channels,
        false,
      );
    }
  };
}

function inputGradient(
  { operands, output, scratch }: KernelCall,
  window: Window,
  { kernels, gemm, memory }: Machine,
): Call {
  const [dy, filter] = operands as [number, number];
  const [depth, channels] = [patchSize(window), window.outChannels];
  const chunks = [...chunksOf(window)].map((chunk) => ({ ...chunk, sliding: sliding(window, chunk.images) }));
  const size = window.images * window.height * window.width * window.channels;
  const all = new Float32Array(memory.buffer, output, size);
  return () => {
    all.fill(0);
    for (const { rows, input, output: at, sliding } of chunks) {
      gemm.multiply(rows, depth, channels, dy + at, channels, 1, filter, 1, channels, scratch, depth, false);
      kernels.col2im(output + input, scratch, ...sliding);
    }
  };
}

function filterGradient(
  { operands, output, scratch }: KernelCall,
  window: Window,
  { kernels, gemm }: Machine,
): Call {
  const [x, dy] = operands as [number, number];
  const [depth, channels] = [patchSize(window), window.outChannels];
  const chunks = [...chunksOf(window)].map((chunk, i) => ({
    ...chunk,
    sliding: sliding(window, chunk.images),
    isFirst: i === 0,
  }));
  return () => {
    for (const { rows, input, output: at, sliding, isFirst } of chunks) {
      kernels.im2col(x + input, scratch, ...sliding);
      gemm.multiply(
        depth,
        channels,
        rows,
        scratch,
        1,
        depth,
        dy + at,
        channels,
        1,
        output,
        channels,
        !isFirst,
      );
    }
  };
}
