import { backend_util, slice_util, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Operand } from '../ir/program.ts';
import { type Factor, isContiguous, type View } from '../ir/view.ts';
import type { Kernels } from './kernels.ts';
import { type Recorder, sizeOf } from './recorder.ts';

/** Kernels that compute nothing: most of them only see a tensor in another way. */
export const arrangement: Kernels = {
  Identity: (recorder, { x }) => reshaped(recorder, x!, x!.shape),
  Reshape: (recorder, { x }, { shape }) =>
    reshaped(recorder, x!, util.inferFromImplicitShape(shape as number[], sizeOf(x!.shape))),
  ExpandDims: (recorder, { input }, { dim }) => {
    const shape = [...input!.shape];
    shape.splice((dim as number) < 0 ? shape.length + 1 + (dim as number) : (dim as number), 0, 1);
    return reshaped(recorder, input!, shape);
  },
  Transpose: (recorder, { x }, { perm }) => {
    const content = recorder.contentOf(x!);
    const shape = (perm as number[]).map((axis) => x!.shape[axis]!);
    if (typeof content === 'number') return recorder.tensor(content, shape, x!.dtype);
    const { view, axes } = recorder.axesOf(x!);
    const factors = (perm as number[]).flatMap((axis) => axes[axis]!);
    return recorder.tensor({ ...view, factors }, shape, x!.dtype);
  },
  Slice: (recorder, { x }, { begin, size }) => {
    const [from, shape] = slice_util.parseSliceParams(x!, begin as number[], size as number[]) as [
      number[],
      number[],
    ];
    return sliced(recorder, x!, from, shape);
  },
  SplitV: (recorder, { x }, attrs) => {
    const axis = util.parseAxisParam(attrs.axis as number, x!.shape)[0]!;
    const lengths = backend_util.prepareSplitSize(x as never, attrs.numOrSizeSplits as number[], axis);
    let from = 0;
    return lengths.map((length) => {
      const part = slicedAlong(recorder, x!, axis, from, length);
      from += length;
      return part;
    });
  },
  Unpack: (recorder, { value }, attrs) => {
    const axis = util.parseAxisParam(attrs.axis as number, value!.shape)[0]!;
    const shape = value!.shape.toSpliced(axis, 1);
    return Array.from({ length: value!.shape[axis]! }, (_, i) =>
      reshaped(recorder, slicedAlong(recorder, value!, axis, i, 1), shape),
    );
  },
  Pack: (recorder, inputs, attrs) => {
    const tensors = Object.values(inputs);
    const axis = attrs.axis as number;
    const place = axis < 0 ? axis + tensors[0]!.shape.length + 1 : axis;
    const parts = tensors.map((tensor) => reshaped(recorder, tensor, tensor.shape.toSpliced(place, 0, 1)));
    return concatenated(recorder, parts, place);
  },
  Concat: (recorder, inputs, { axis }) => {
    const tensors = Object.values(inputs).filter(({ shape }) => sizeOf(shape) > 0);
    return concatenated(recorder, tensors, util.parseAxisParam(axis as number, tensors[0]!.shape)[0]!);
  },
  PadV2: (recorder, { x }, { paddings, constantValue }) => {
    const widths = paddings as [number, number][];
    const shape = x!.shape.map((size, axis) => size + widths[axis]![0] + widths[axis]![1]);
    const to = place(
      shape,
      widths.map(([before]) => before),
      x!.shape,
    );
    const parts = [{ from: recorder.viewOf(x!), to }];
    return recorder.tensor(recorder.assemble(parts, constantValue as number, sizeOf(shape)), shape);
  },
  Tile: (recorder, { x }, { reps }) => {
    const times = reps as number[];
    const shape = x!.shape.map((size, axis) => size * times[axis]!);
    const content = recorder.contentOf(x!);
    if (typeof content === 'number') return recorder.tensor(content, shape, x!.dtype);
    const { view, axes } = recorder.axesOf(x!);
    const factors = axes.flatMap((axis, i): Factor[] => [[times[i]!, 0], ...axis]);
    return recorder.tensor({ ...view, factors }, shape, x!.dtype);
  },
  Fill: (recorder, _inputs, { shape, value }) =>
    recorder.tensor(Math.fround(value as number), shape as number[]),
  ZerosLike: (recorder, { x }) => recorder.tensor(0, x!.shape, x!.dtype),
  OnesLike: (recorder, { x }) => recorder.tensor(1, x!.shape, x!.dtype),
};

function reshaped(recorder: Recorder, tensor: TensorInfo, shape: readonly number[]): TensorInfo {
  return recorder.tensor(recorder.contentOf(tensor), shape, tensor.dtype);
}

function slicedAlong(
  recorder: Recorder,
  x: TensorInfo,
  axis: number,
  from: number,
  length: number,
): TensorInfo {
  const begin = x.shape.map((_, i) => (i === axis ? from : 0));
  return sliced(recorder, x, begin, x.shape.with(axis, length));
}

function sliced(recorder: Recorder, x: TensorInfo, begin: readonly number[], shape: number[]): TensorInfo {
  const content = recorder.contentOf(x);
  if (typeof content === 'number') return recorder.tensor(content, shape, x.dtype);
  const { view, axes } = recorder.axesOf(x);
  const cuts = axes.map((axis, i) => cut(axis, begin[i]!, shape[i]!, x.shape[i]!));
  if (cuts.includes(null)) {
    const copied = recorder.tensor(recorder.copy(view, x.shape), x.shape, x.dtype);
    return sliced(recorder, copied, begin, shape);
  }
  const offset = cuts.reduce((sum, part) => sum + part!.offset, view.offset);
  return recorder.tensor({ ...view, offset, factors: cuts.flatMap((part) => part!.factors) }, shape, x.dtype);
}

/** Some of an axis; null where it has several strides and more than one position is wanted, but not all. */
function cut(
  axis: readonly Factor[],
  begin: number,
  length: number,
  all: number,
): { offset: number; factors: readonly Factor[] } | null {
  if (length === all) return { offset: 0, factors: axis };
  const [[, stride], ...others] = axis as [Factor, ...Factor[]];
  if (others.length === 0) return { offset: begin * stride, factors: [[length, stride]] };
  if (length > 1) return null;
  let [offset, rest] = [0, begin];
  for (const [size, stride] of axis.toReversed()) {
    offset += (rest % size) * stride;
    rest = Math.floor(rest / size);
  }
  return { offset, factors: [] };
}

function concatenated(recorder: Recorder, tensors: readonly TensorInfo[], axis: number): TensorInfo {
  const [{ shape: first, dtype }] = tensors as [TensorInfo];
  const shape = first.with(
    axis,
    tensors.reduce((sum, tensor) => sum + tensor.shape[axis]!, 0),
  );
  const whole = axis === 0 ? adjoining(tensors.map((tensor) => recorder.contentOf(tensor))) : null;
  if (whole) return recorder.tensor(whole, shape, dtype);
  let start = 0;
  const parts = tensors.map((tensor) => {
    const to = place(
      shape,
      shape.map((_, i) => (i === axis ? start : 0)),
      tensor.shape,
    );
    start += tensor.shape[axis]!;
    return { from: recorder.viewOf(tensor), to };
  });
  return recorder.tensor(recorder.assemble(parts, null, sizeOf(shape)), shape, dtype);
}

/** What all of these see, where each begins in their value where the one before it ends. */
function adjoining(contents: readonly Operand[]): View | null {
  const views = contents.filter((content) => typeof content !== 'number');
  const [{ value, offset } = { value: 0, offset: 0 }] = views;
  let end = offset;
  for (const view of views) {
    if (view.value !== value || view.offset !== end || !isContiguous(view)) return null;
    end += sizeOf(view.factors.map(([size]) => size));
  }
  return views.length === contents.length ? { value, offset, factors: [[end - offset, 1]] } : null;
}

/** Where a block of shape `part` that begins at `begin` lies in a contiguous tensor. */
function place(
  shape: readonly number[],
  begin: readonly number[],
  part: readonly number[],
): Omit<View, 'value'> {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const offset = begin.reduce((sum, position, axis) => sum + position * strides[axis]!, 0);
  return { offset, factors: part.map((size, axis) => [size, strides[axis]!]) };
}
