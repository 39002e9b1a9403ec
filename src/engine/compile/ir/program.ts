import type { ValueId, View } from './view.ts';

/** What a map computes of its operands, element by element. Comparisons give 1 or 0. */
export type MapFunction =
  | 'copy'
  | 'neg'
  | 'abs'
  | 'sign'
  | 'trunc'
  | 'sqrt'
  | 'exp'
  | 'expm1'
  | 'log'
  | 'log1p'
  | 'sigmoid'
  | 'tanh'
  | 'erf'
  | 'add'
  | 'sub'
  | 'mul'
  | 'div'
  | 'max'
  | 'min'
  | 'gt'
  | 'ge'
  | 'lt'
  | 'le'
  | 'eq'
  | 'ne'
  /** The second where the first isn't 0, else the third. */
  | 'select'
  /** The stream of random numbers in [0, 1) whose two key words are the operands. */
  | 'uniform';

/** A view of another value, or the same number for each element. */
export type Operand = View | number;

export type ReduceFunction = 'sum' | 'max' | 'min' | 'prod';

/** One part of the index space of a reduction, outermost first. */
export interface Extent {
  readonly size: number;
  readonly reduced: boolean;
}

/** What the caller fills in before a run, or what stays from run to run. */
export interface Input {
  readonly kind: 'input';
  readonly name: string;
  /** `state` stays in place and may be written; `key` holds 32-bit integers. */
  readonly role: 'data' | 'state' | 'key';
  readonly size: number;
}

export interface Constant {
  readonly kind: 'constant';
  readonly data: Float32Array;
  readonly size: number;
}

export interface MapOp {
  readonly kind: 'map';
  readonly fn: MapFunction;
  /** Each of `size` elements. */
  readonly operands: readonly Operand[];
  /** Of a uniform: the place in its stream that each element takes. */
  readonly index?: View['factors'];
  readonly size: number;
}

export interface Reduce {
  readonly kind: 'reduce';
  readonly fn: ReduceFunction;
  readonly operand: View;
  /** The index space of the operand; the result has what isn't reduced of it. */
  readonly extents: readonly Extent[];
  readonly size: number;
}

/** Parts side by side in one value, and a number everywhere else. */
export interface Assemble {
  readonly kind: 'assemble';
  readonly parts: readonly { readonly from: View; readonly to: Omit<View, 'value'> }[];
  readonly fill: number | null;
  readonly size: number;
}

/** `[batch, m, k] · [batch, k, n] → [batch, m, n]`. */
export interface MatMul {
  readonly kind: 'matmul';
  readonly a: Matrix;
  readonly b: Matrix;
  readonly batch: number;
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly size: number;
}

/** One of the strides `row` and `column` is 1, or that side has one position. */
export interface Matrix {
  readonly value: ValueId;
  readonly offset: number;
  readonly row: number;
  readonly column: number;
  /** From one matrix of the batch to the next. */
  readonly next: number;
}

export type KernelName =
  | 'conv2d'
  | 'conv2dInputGradient'
  | 'conv2dFilterGradient'
  | 'depthwise'
  | 'depthwiseInputGradient'
  | 'depthwiseFilterGradient'
  | 'maxPool'
  | 'maxPoolGradient'
  | 'avgPool'
  | 'avgPoolGradient'
  | 'gather'
  | 'segmentSum'
  | 'transpose'
  | 'normal';

/** A window that slides over pictures `[images, height, width, channels]`. */
export interface Window {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly kernelHeight: number;
  readonly kernelWidth: number;
  readonly strideY: number;
  readonly strideX: number;
  readonly top: number;
  readonly left: number;
  readonly outHeight: number;
  readonly outWidth: number;
  /** Of a convolution: its filters; of a depthwise one: channels · multiplier. */
  readonly outChannels: number;
}

/** One of the fixed kernels. Its operands lie contiguously. */
export interface Kernel {
  readonly kind: 'kernel';
  readonly name: KernelName;
  readonly operands: readonly View[];
  readonly window?: Window;
  /** `rows`, `columns` and the like, by kernel. */
  readonly numbers?: Readonly<Record<string, number>>;
  readonly size: number;
}

/** Makes one value, `size` numbers that lie one after another. */
export type Operation = Input | Constant | MapOp | Reduce | Assemble | MatMul | Kernel;

/**
 * A straight line of operations; the value of the operation i has the id i, and operations come after all that they
 * take. Numbers are float32 throughout: truth is 1 or 0, and ids are whole numbers.
 */
export interface Program {
  readonly operations: readonly Operation[];
  /** What is to be read after a run. */
  readonly results: Readonly<Record<string, View>>;
  /** What the state is to be after a run, by the name of its input. */
  readonly nextState: Readonly<Record<string, View>>;
}
