import { MAP_FUNCTIONS } from '../../../../src/engine/compile/ir/map-functions.ts';
import type {
  Assemble,
  Kernel,
  MapOp,
  MatMul,
  Operation,
  Program,
  Reduce,
  ReduceFunction,
  Window,
} from '../../../../src/engine/compile/ir/program.ts';
import type { Factor, View } from '../../../../src/engine/compile/ir/view.ts';
import { normal, uniform } from '../../../../src/random.ts';
import { forEachTap, inputSize, outputPixels } from './kernels/windows.ts';

export type Numbers = Readonly<Record<string, ArrayLike<number>>>;

export interface Outcome {
  readonly results: Record<string, number[]>;
  /** Of the states that the program moves. */
  readonly nextState: Record<string, number[]>;
}

/** What a program means: each operation by itself, in float64, one number at a time. */
export function interpret({ operations, results, nextState }: Program, inputs: Numbers): Outcome {
  const values: number[][] = [];
  for (const operation of operations) values.push(computed(operation, values, inputs));
  const seen = (views: Readonly<Record<string, View>>) =>
    Object.fromEntries(Object.entries(views).map(([name, view]) => [name, look(view, values)]));
  return { results: seen(results), nextState: seen(nextState) };
}

/** Where the elements of a view lie, in their order. */
export function placesOf({ offset, factors }: Omit<View, 'value'>): number[] {
  return factors.reduce(
    (places, [size, stride]) =>
      places.flatMap((place) => Array.from({ length: size }, (_, i) => place + i * stride)),
    [offset],
  );
}

function look(view: View, values: readonly (readonly number[])[]): number[] {
  return placesOf(view).map((place) => values[view.value]![place]!);
}

function computed(operation: Operation, values: readonly number[][], inputs: Numbers): number[] {
  switch (operation.kind) {
    case 'input':
      return Array.from(inputs[operation.name]!);
    case 'constant':
      return Array.from(operation.data);
    case 'map':
      return mapped(operation, values);
    case 'reduce':
      return reduced(operation, values);
    case 'assemble':
      return assembled(operation, values);
    case 'matmul':
      return multiplied(operation, values);
    case 'kernel': {
      const operands = operation.operands.map((view) => look(view, values));
      return KERNELS[operation.name](operation, ...operands);
    }
  }
}

function mapped({ fn, operands, index, size }: MapOp, values: readonly number[][]): number[] {
  const columns = operands.map((operand) =>
    typeof operand === 'number' ? Array<number>(size).fill(operand) : look(operand, values),
  );
  const places = index && placesOf({ offset: 0, factors: index });
  return Array.from({ length: size }, (_, i) => {
    const args = columns.map((column) => column[i]!);
    return fn === 'uniform' ? uniform([args[0]!, args[1]!], places![i]!) : MAP_FUNCTIONS[fn](...args);
  });
}

const REDUCTIONS: Readonly<Record<ReduceFunction, [start: number, join: (a: number, b: number) => number]>> =
  {
    sum: [0, (a, b) => a + b],
    prod: [1, (a, b) => a * b],
    max: [Number.NEGATIVE_INFINITY, Math.max],
    min: [Number.POSITIVE_INFINITY, Math.min],
  };

function reduced({ fn, operand, extents, size }: Reduce, values: readonly number[][]): number[] {
  let behind = 1;
  const factors = extents.toReversed().map(({ size, reduced }): Factor => {
    const stride = reduced ? 0 : behind;
    if (!reduced) behind *= size;
    return [size, stride];
  });
  const targets = placesOf({ offset: 0, factors: factors.reverse() });
  const [start, join] = REDUCTIONS[fn];
  const result = Array<number>(size).fill(start);
  for (const [i, value] of look(operand, values).entries())
    result[targets[i]!] = join(result[targets[i]!]!, value);
  return result;
}

function assembled({ parts, fill, size }: Assemble, values: readonly number[][]): number[] {
  // Where there is no number to fill with, the parts must cover all.
  const result = Array<number>(size).fill(fill ?? Number.NaN);
  for (const { from, to } of parts) {
    const numbers = look(from, values);
    for (const [i, place] of placesOf(to).entries()) result[place] = numbers[i]!;
  }
  return result;
}

function multiplied({ a, b, batch, m, k, n, size }: MatMul, values: readonly number[][]): number[] {
  const at = (of: MatMul['a'], matrix: number, row: number, column: number) =>
    values[of.value]![of.offset + matrix * of.next + row * of.row + column * of.column]!;
  const result = Array<number>(size).fill(0);
  for (let matrix = 0; matrix < batch; matrix++) {
    for (let row = 0; row < m; row++) {
      for (let column = 0; column < n; column++) {
        for (let i = 0; i < k; i++) {
          const product = at(a, matrix, row, i) * at(b, matrix, i, column);
          result[(matrix * m + row) * n + column]! += product;
        }
      }
    }
  }
  return result;
}

type KernelFunction = (kernel: Kernel, ...operands: number[][]) => number[];

const KERNELS: Readonly<Record<Kernel['name'], KernelFunction>> = {
  conv2d: ({ window }, x, filter) => {
    const y = zeros(outputPixels(window!) * window!.outChannels);
    forEachWeight(window!, false, (input, output, weight) => {
      y[output]! += x![input]! * filter![weight]!;
    });
    return y;
  },
  conv2dInputGradient: ({ window }, dy, filter) => {
    const dx = zeros(inputSize(window!));
    forEachWeight(window!, false, (input, output, weight) => {
      dx[input]! += dy![output]! * filter![weight]!;
    });
    return dx;
  },
  conv2dFilterGradient: ({ window, size }, x, dy) => {
    const gradient = zeros(size);
    forEachWeight(window!, false, (input, output, weight) => {
      gradient[weight]! += x![input]! * dy![output]!;
    });
    return gradient;
  },
  depthwise: ({ window }, x, filter) => {
    const y = zeros(outputPixels(window!) * window!.outChannels);
    forEachWeight(window!, true, (input, output, weight) => {
      y[output]! += x![input]! * filter![weight]!;
    });
    return y;
  },
  depthwiseInputGradient: ({ window }, dy, filter) => {
    const dx = zeros(inputSize(window!));
    forEachWeight(window!, true, (input, output, weight) => {
      dx[input]! += dy![output]! * filter![weight]!;
    });
    return dx;
  },
  depthwiseFilterGradient: ({ window, size }, x, dy) => {
    const gradient = zeros(size);
    forEachWeight(window!, true, (input, output, weight) => {
      gradient[weight]! += x![input]! * dy![output]!;
    });
    return gradient;
  },
  maxPool: ({ window }, x) => {
    const y = Array<number>(outputPixels(window!) * window!.channels).fill(Number.NEGATIVE_INFINITY);
    forEachPooled(window!, (input, output) => {
      y[output] = Math.max(y[output]!, x![input]!);
    });
    return y;
  },
  maxPoolGradient: ({ window }, x, y, dy) => {
    const [dx, given] = [zeros(inputSize(window!)), new Set<number>()];
    forEachPooled(window!, (input, output) => {
      if (given.has(output) || x![input] !== y![output]) return;
      given.add(output);
      dx[input]! += dy![output]!;
    });
    return dx;
  },
  avgPool: ({ window }, x) => {
    const [y, counts] = [zeros(outputPixels(window!) * window!.channels), pooledCounts(window!)];
    forEachPooled(window!, (input, output) => {
      y[output]! += x![input]! / counts[output]!;
    });
    return y;
  },
  avgPoolGradient: ({ window }, dy) => {
    const [dx, counts] = [zeros(inputSize(window!)), pooledCounts(window!)];
    forEachPooled(window!, (input, output) => {
      dx[input]! += dy![output]! / counts[output]!;
    });
    return dx;
  },
  gather: ({ numbers }, table, ids) => {
    const { width } = numbers as { width: number };
    return ids!.flatMap((id) => table!.slice(id * width, (id + 1) * width));
  },
  segmentSum: ({ numbers, size }, x, ids) => {
    const { width } = numbers as { width: number };
    const sums = zeros(size);
    for (const [i, id] of ids!.entries())
      for (let j = 0; j < width; j++) sums[id * width + j]! += x![i * width + j]!;
    return sums;
  },
  transpose: ({ numbers }, x) => {
    const { batch, rows, columns } = numbers as { batch: number; rows: number; columns: number };
    const factors: Factor[] = [
      [batch, rows * columns],
      [columns, 1],
      [rows, columns],
    ];
    return placesOf({ offset: 0, factors }).map((place) => x![place]!);
  },
  normal: ({ numbers, size }, words) => {
    const { width } = numbers as { width: number };
    return Array.from({ length: size }, (_, i) => {
      const stream = 2 * Math.floor(i / width);
      return normal([words![stream]!, words![stream + 1]!], i % width);
    });
  },
};

function zeros(count: number): number[] {
  return Array<number>(count).fill(0);
}

/** Calls back for each product that a convolution is made of; a depthwise one leaves channels apart. */
function forEachWeight(
  window: Window,
  depthwise: boolean,
  each: (input: number, output: number, weight: number) => void,
): void {
  const { channels, outChannels } = window;
  const multiplier = outChannels / channels;
  forEachTap(window, (input, output, tap) => {
    for (let channel = 0; channel < channels; channel++) {
      const [first, count] = depthwise ? [channel * multiplier, multiplier] : [0, outChannels];
      for (let out = first; out < first + count; out++) {
        const row = (tap * channels + channel) * (depthwise ? multiplier : outChannels);
        each(input * channels + channel, output * outChannels + out, row + out - first);
      }
    }
  });
}

/** Calls back for each element that a pool looks at, window by window, row by row. */
function forEachPooled(window: Window, each: (input: number, output: number) => void): void {
  const { channels } = window;
  forEachTap(window, (input, output) => {
    for (let channel = 0; channel < channels; channel++)
      each(input * channels + channel, output * channels + channel);
  });
}

function pooledCounts(window: Window): number[] {
  const counts = zeros(outputPixels(window) * window.channels);
  forEachPooled(window, (_, output) => {
    counts[output]!++;
  });
  return counts;
}
