import type { Window } from '../ir/program.ts';
import { divisible, type Nest } from '../loops/nest.ts';
import type { Address, Instruction, KernelCall, NestCall, Place, Product } from './plan.ts';

/** The bytes from `start` to before `end`. */
export interface Bytes {
  readonly start: Address;
  readonly end: Address;
}

/** What a call reads and writes at most. */
export interface Accesses {
  readonly reads: readonly Bytes[];
  readonly writes: readonly Bytes[];
}

const BYTES = 4;

export function accessesOf(instruction: Instruction, nests: readonly Nest[]): Accesses {
  switch (instruction.kind) {
    case 'nest':
      return nestAccesses(instruction, nests[instruction.nest]!);
    case 'product':
      return productAccesses(instruction);
    case 'kernel':
      return kernelAccesses(instruction);
  }
}

export function overlap(a: readonly Bytes[], b: readonly Bytes[]): boolean {
  return a.some((one) => b.some((other) => one.start < other.end && other.start < one.end));
}

function bytesFrom(start: Address, numbers: number): Bytes {
  return { start, end: start + numbers * BYTES };
}

function nestAccesses({ from, to, pointers }: NestCall, nest: Nest): Accesses {
  // What can't be divided is gone through as a whole.
  const isWhole = divisible(nest) === 1;
  const [start, end] = isWhole ? [0, nest.dimensions[0]?.size ?? 1] : [from, to];
  const ranges = pointers.map((pointer, i) => {
    const [first = 0, ...strides] = nest.pointers[i]!;
    const span = strides.reduce((sum, stride, at) => sum + stride * (nest.dimensions[at + 1]!.size - 1), 1);
    return bytesFrom(pointer + start * first * BYTES, (end - start - 1) * first + span);
  });
  const written = new Set([...nest.stores, ...nest.reductions].map(({ pointer }) => pointer));
  // What is written may be read by the same call.
  return { reads: ranges, writes: ranges.filter((_, pointer) => written.has(pointer)) };
}

function productAccesses({ batch, m, n, k, a, b, c }: Product): Accesses {
  return {
    reads: [placeBytes(a, batch, m, k), placeBytes(b, batch, k, n)],
    writes: [placeBytes(c, batch, m, n)],
  };
}

function placeBytes(
  { address, row, column, next }: Place,
  batch: number,
  rows: number,
  columns: number,
): Bytes {
  return bytesFrom(address, (batch - 1) * next + (rows - 1) * row + (columns - 1) * column + 1);
}

function kernelAccesses(call: KernelCall): Accesses {
  const writes = [bytesFrom(call.output, call.size)];
  const reads = call.operands.map((operand, i) => bytesFrom(operand, operandSize(call, i)));
  return { reads, writes };
}

/** How many numbers a kernel reads of an operand. */
function operandSize({ name, window, numbers, size }: KernelCall, operand: number): number {
  if (window) return windowOperands(name, window)[operand]!;
  switch (name) {
    case 'gather':
      return operand === 0 ? numbers!.rows! * numbers!.width! : numbers!.count!;
    case 'segmentSum':
      return operand === 0 ? numbers!.count! * numbers!.width! : numbers!.count!;
    case 'normal':
      return 2 * Math.ceil(numbers!.to! / numbers!.width!);
    default:
      return size;
  }
}

function windowOperands(name: KernelCall['name'], window: Window): readonly number[] {
  const { images, height, width, channels, outHeight, outWidth, outChannels } = window;
  const [input, output] = [images * height * width * channels, images * outHeight * outWidth * outChannels];
  const taps = window.kernelHeight * window.kernelWidth;
  const filter = taps * (name.startsWith('conv2d') ? channels * outChannels : outChannels);
  switch (name) {
    case 'conv2d':
    case 'depthwise':
      return [input, filter];
    case 'conv2dInputGradient':
    case 'depthwiseInputGradient':
      return [output, filter];
    case 'conv2dFilterGradient':
    case 'depthwiseFilterGradient':
      return [input, output];
    case 'maxPoolGradient':
      return [input, output, output];
    case 'avgPoolGradient':
      return [output];
    default:
      return [input];
  }
}
