import { backend_util, type TensorInfo } from '@tensorflow/tfjs-core';
import type { Factor } from '../ir/view.ts';
import { broadcast } from './elementwise.ts';
import type { Kernels } from './kernels.ts';
import { type Recorder, sizeOf } from './recorder.ts';

export const products: Kernels = {
  BatchMatMul: (recorder, { a, b }, { transposeA, transposeB }) => {
    const [left, right] = [transposeA ? swapped(recorder, a!) : a!, transposeB ? swapped(recorder, b!) : b!];
    const [m, k] = left.shape.slice(-2) as [number, number];
    const n = right.shape.at(-1)!;
    const isZero = [left, right].some((tensor) => recorder.contentOf(tensor) === 0);
    const outer = backend_util.assertAndGetBroadcastShape(left.shape.slice(0, -2), right.shape.slice(0, -2));
    const view = (tensor: TensorInfo, shape: readonly number[]) =>
      recorder.asView(broadcast(recorder, tensor, [...outer, ...shape]), sizeOf(outer) * sizeOf(shape));
    // The state that a recurrent layer begins with.
    if (isZero) return recorder.tensor(0, [...outer, m, n]);
    const size = { batch: sizeOf(outer), m, k, n };
    return recorder.tensor(recorder.matmul(view(left, [m, k]), view(right, [k, n]), size), [...outer, m, n]);
  },
  GatherV2: (recorder, { x, indices }, { axis, batchDims }) => {
    if (axis !== 0 || batchDims) recorder.refuse('it gathers along an inner axis');
    const [rows, ...rest] = x!.shape as [number, ...number[]];
    const shape = [...indices!.shape, ...rest];
    const operands = [recorder.viewOf(x!), recorder.viewOf(indices!)];
    const numbers = { rows, count: sizeOf(indices!.shape), width: sizeOf(rest) };
    return recorder.tensor(
      recorder.kernel({ name: 'gather', operands, numbers, size: sizeOf(shape) }),
      shape,
    );
  },
  UnsortedSegmentSum: (recorder, { x, segmentIds }, { numSegments }) => {
    const count = sizeOf(segmentIds!.shape);
    const rest = x!.shape.slice(segmentIds!.shape.length);
    const shape = [numSegments as number, ...rest];
    const operands = [recorder.viewOf(x!), recorder.viewOf(segmentIds!)];
    const numbers = { count, width: sizeOf(rest), segments: numSegments as number };
    const view = recorder.kernel({ name: 'segmentSum', operands, numbers, size: sizeOf(shape) });
    return recorder.tensor(view, shape);
  },
};

/** The last two axes one for the other. */
function swapped(recorder: Recorder, tensor: TensorInfo): TensorInfo {
  const shape = [...tensor.shape.slice(0, -2), tensor.shape.at(-1)!, tensor.shape.at(-2)!];
  const content = recorder.contentOf(tensor);
  if (typeof content === 'number') return recorder.tensor(content, shape);
  const { view, axes } = recorder.axesOf(tensor);
  const factors: Factor[] = [...axes.slice(0, -2).flat(), ...axes.at(-1)!, ...axes.at(-2)!];
  return recorder.tensor({ ...view, factors }, shape);
}
