import { type DataType, KernelBackend, type TensorInfo } from '@tensorflow/tfjs-core';
import { MAP_FUNCTIONS } from '../ir/map-functions.ts';
import type {
  Assemble,
  Extent,
  Input,
  Kernel,
  MapFunction,
  Matrix,
  Operand,
  Operation,
  ReduceFunction,
} from '../ir/program.ts';
import { matrixOf } from '../ir/rewrite.ts';
import { cutAlong, type Factor, isContiguous, merged, type View, whole } from '../ir/view.ts';

/** Something in a step can't be written down as a program. */
export class UnrecordableError extends Error {
  override readonly name = 'UnrecordableError';
}

/** A tensor of the recording: what it sees, or the number that all of its elements are. */
interface Recorded extends TensorInfo {
  readonly dataId: { readonly content: Operand };
}

/** A tfjs backend whose kernels write down what they would compute. */
export class Recorder extends KernelBackend {
  readonly operations: Operation[] = [];

  // What tfjs asks of a backend.
  override write(values: unknown, shape: number[], _dtype: DataType): object {
    const numbers = Float32Array.from(values as ArrayLike<number>);
    const [first = 0] = numbers;
    if (numbers.every((number) => Object.is(number, first))) return { content: first };
    return { content: this.#add({ kind: 'constant', data: numbers, size: sizeOf(shape) }) };
  }
  override readSync(): never {
    throw new UnrecordableError('it reads the numbers of a tensor');
  }
  override async read(): Promise<never> {
    return this.readSync();
  }
  override dispose = () => {};
  override disposeData = () => true;
  override incRef = () => {};
  decRef = () => true;
  override refCount = () => 1;
  override numDataIds = () => 0;
  override memory = () => ({ unreliable: true });
  override floatPrecision = () => 32 as const;
  override epsilon = () => 1e-7;

  #add(operation: Operation): View {
    this.operations.push(operation);
    return whole(this.operations.length - 1, operation.size);
  }

  /** A tensor of this content. */
  tensor(content: Operand, shape: readonly number[], dtype: DataType = 'float32'): TensorInfo {
    return { dataId: { content }, shape: [...shape], dtype };
  }

  contentOf(tensor: TensorInfo): Operand {
    const { content } = (tensor as Recorded).dataId;
    if (content === undefined) throw new UnrecordableError('it takes a tensor from outside');
    return content;
  }

  viewOf(tensor: TensorInfo): View {
    return this.asView(this.contentOf(tensor), sizeOf(tensor.shape));
  }

  asView(content: Operand, size: number): View {
    return typeof content === 'number'
      ? this.#add({ kind: 'map', fn: 'copy', operands: [content], size })
      : content;
  }

  input(name: string, role: Input['role'], size: number): View {
    return this.#add({ kind: 'input', name, role, size });
  }

  map(fn: MapFunction, operands: readonly Operand[], size: number, index?: readonly Factor[]): Operand {
    if (fn !== 'uniform' && operands.every((operand) => typeof operand === 'number')) {
      return Math.fround(MAP_FUNCTIONS[fn](...operands));
    }
    return this.#add({ kind: 'map', fn, operands, size, ...(index && { index }) });
  }

  /** Draws of several streams, `size` of each; the two words of each stream's key are what the input holds. */
  uniform(key: string, streams: number, size: number): View {
    const { value } = this.input(key, 'key', 2 * streams);
    const word = (offset: number): View => ({
      value,
      offset,
      factors: [
        [streams, 2],
        [size, 0],
      ],
    });
    const index: Factor[] = [
      [streams, 0],
      [size, 1],
    ];
    return this.map('uniform', [word(0), word(1)], streams * size, index) as View;
  }

  normal(key: string, streams: number, width: number): View {
    const size = streams * width;
    const operands = [this.input(key, 'key', 2 * streams)];
    return this.#add({
      kind: 'kernel',
      name: 'normal',
      operands,
      numbers: { from: 0, to: size, width },
      size,
    });
  }

  reduce(fn: ReduceFunction, operand: View, extents: readonly Extent[]): View {
    const size = extents.reduce((product, { size, reduced }) => (reduced ? product : product * size), 1);
    return this.#add({ kind: 'reduce', fn, operand, extents, size });
  }

  assemble(parts: Assemble['parts'], fill: number | null, size: number): View {
    return this.#add({ kind: 'assemble', parts, fill, size });
  }

  kernel(kernel: Omit<Kernel, 'kind'>): View {
    const operands = kernel.operands.map((view) => this.contiguous(view));
    return this.#add({ kind: 'kernel', ...kernel, operands });
  }

  /** The product of `[batch, m, k]` and `[batch, k, n]`, seen through views of these shapes. */
  matmul(a: View, b: View, shape: { batch: number; m: number; k: number; n: number }): View {
    const { batch, m, k, n } = shape;
    const size = batch * m * n;
    const [left, right] = [this.#matrix(a, [batch, m, k]), this.#matrix(b, [batch, k, n])];
    return this.#add({ kind: 'matmul', a: left, b: right, ...shape, size });
  }

  #matrix(view: View, shape: readonly [number, number, number]): Matrix {
    return matrixOf(view, shape) ?? matrixOf(this.copy(view, shape), shape)!;
  }

  /** A view of `[rows, columns]` seen as `[columns, rows]`. */
  transposed(view: View, rows: number, columns: number): View {
    const axes = cutAlong(view.factors, [rows, columns]);
    if (!axes) return this.transposed(this.copy(view, [rows, columns]), rows, columns);
    return { ...view, factors: [...axes[1]!, ...axes[0]!] };
  }

  refuse(reason: string): never {
    throw new UnrecordableError(reason);
  }

  contiguous(view: View): View {
    return isContiguous(view) ? view : this.copy(view, [sizeOf(view.factors.map(([size]) => size))]);
  }

  /** The same numbers, one after another. A plain transposition has a kernel of its own. */
  copy(view: View, shape: readonly number[]): View {
    const size = sizeOf(shape);
    return (
      this.#transposed(view, size) ?? (this.#add({ kind: 'map', fn: 'copy', operands: [view], size }) as View)
    );
  }

  #transposed({ value, offset, factors }: View, size: number): View | null {
    const [batch, [rows, columns]] = splitTransposition(merged(factors));
    if (!rows || !columns) return null;
    const operand = { value, offset, factors: [[size, 1]] as Factor[] };
    const numbers = { batch, rows: columns, columns: rows };
    return this.#add({ kind: 'kernel', name: 'transpose', operands: [operand], numbers, size });
  }

  /** A tensor's axes, each with its factors; copied first where it can't be cut along them. */
  axesOf(tensor: TensorInfo): { view: View; axes: Factor[][] } {
    const view = this.viewOf(tensor);
    const axes = cutAlong(view.factors, tensor.shape);
    if (axes) return { view, axes };
    const copied = this.copy(view, tensor.shape);
    return { view: copied, axes: cutAlong(copied.factors, tensor.shape)! };
  }
}

/** How many transpositions, and of how many rows and columns; none where the factors say something else. */
function splitTransposition(factors: readonly Factor[]): [number, [number?, number?]] {
  const inner = factors.slice(-2);
  if (inner.length < 2 || factors.length > 3) return [0, []];
  const [[rows, rowStride], [columns, columnStride]] = inner as [Factor, Factor];
  if (rowStride !== 1 || columnStride !== rows) return [0, []];
  const [batch, next] = factors.length === 3 ? factors[0]! : [1, rows * columns];
  return next === rows * columns ? [batch, [rows, columns]] : [0, []];
}

export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}
