import { type NamedAttrMap, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { Operand, ReduceFunction } from '../ir/program.ts';
import type { Factor, View } from '../ir/view.ts';
import type { Kernels } from './kernels.ts';
import { type Recorder, sizeOf } from './recorder.ts';

export const reductions: Kernels = {
  Sum: reduction('sum'),
  Max: reduction('max'),
  Min: reduction('min'),
  Prod: reduction('prod'),
  Mean: (recorder, inputs, attrs) => {
    const sum = reduction('sum')(recorder, inputs, attrs);
    const count = sizeOf(inputs.x!.shape) / sizeOf(sum.shape);
    const content = recorder.map('mul', [recorder.contentOf(sum), 1 / count], sizeOf(sum.shape));
    return recorder.tensor(content, sum.shape);
  },
  Any: reduction('max'),
  All: reduction('min'),
  Softmax: (recorder, { logits }) => softmax(recorder, logits!),
};

function reduction(fn: ReduceFunction) {
  return (
    recorder: Recorder,
    { x }: Readonly<Record<string, TensorInfo>>,
    attrs: NamedAttrMap,
  ): TensorInfo => {
    const axes = new Set(util.parseAxisParam((attrs.axis ?? attrs.reductionIndices) as number[], x!.shape));
    const shape = x!.shape.flatMap((size, axis) => (axes.has(axis) ? (attrs.keepDims ? [1] : []) : [size]));
    const extents = x!.shape.flatMap((size, axis) => (size === 1 ? [] : [{ size, reduced: axes.has(axis) }]));
    const view = recorder.viewOf(x!);
    const content = extents.some(({ reduced }) => reduced) ? recorder.reduce(fn, view, extents) : view;
    return recorder.tensor(content, shape, x!.dtype);
  };
}

/** Along the last axis, to which tfjs has moved the one that was asked for. */
function softmax(recorder: Recorder, logits: TensorInfo): TensorInfo {
  const size = sizeOf(logits.shape);
  const columns = logits.shape.at(-1)!;
  const rows = size / columns;
  const extents = [
    { size: rows, reduced: false },
    { size: columns, reduced: true },
  ].filter(({ size }) => size > 1);
  const ofRows = (fn: ReduceFunction, of: Operand): View => {
    const factors: Factor[] = [
      [rows, 1],
      [columns, 0],
    ];
    const view = recorder.asView(of, size);
    return columns === 1 ? view : { ...recorder.reduce(fn, view, extents), factors };
  };
  const view = recorder.viewOf(logits);
  const exponentials = recorder.map('exp', [recorder.map('sub', [view, ofRows('max', view)], size)], size);
  const share = recorder.map('div', [exponentials, ofRows('sum', exponentials)], size);
  return recorder.tensor(share, logits.shape);
}
