import { type NamedAttrMap, type TensorInfo, util } from '@tensorflow/tfjs-core';
import type { ReduceFunction } from '../ir/program.ts';
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
  Softmax: (recorder, { logits }) => alongRows(recorder, 'softmax', logits!),
  LogSoftmax: (recorder, { logits }) => alongRows(recorder, 'logSoftmax', logits!),
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

/** tfjs moves the axis to the end before. */
function alongRows(recorder: Recorder, name: 'softmax' | 'logSoftmax', logits: TensorInfo): TensorInfo {
  const columns = logits.shape.at(-1)!;
  const size = sizeOf(logits.shape);
  const operands = [recorder.viewOf(logits)];
  const view = recorder.kernel({ name, operands, numbers: { rows: size / columns, columns }, size });
  return recorder.tensor(view, logits.shape);
}
