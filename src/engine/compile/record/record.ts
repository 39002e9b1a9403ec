import {
  dispose,
  engine,
  getBackend,
  type NamedTensorInfoMap,
  registerBackend,
  registerKernel,
  removeBackend,
  setBackend,
  type Tensor,
  type TensorInfo,
} from '@tensorflow/tfjs-core';
import type { Input, Program } from '../ir/program.ts';
import type { Factor, View } from '../ir/view.ts';
import { arrangement } from './arrangement.ts';
import { elementwise } from './elementwise.ts';
import { products } from './products.ts';
import { Recorder, sizeOf, UnrecordableError } from './recorder.ts';
import { reductions } from './reductions.ts';
import { windows } from './windows.ts';

const BACKEND = 'trainyard-recorder';
const KERNELS = { ...elementwise, ...arrangement, ...reductions, ...products, ...windows };

for (const [kernelName, record] of Object.entries(KERNELS)) {
  registerKernel({
    kernelName,
    backendName: BACKEND,
    kernelFunc: ({ inputs, attrs, backend }) =>
      record(backend as Recorder, present(inputs), attrs ?? {}) as TensorInfo,
  });
}

function present(inputs: NamedTensorInfoMap): Record<string, TensorInfo> {
  return Object.fromEntries(Object.entries(inputs).filter(([, value]) => value !== undefined)) as never;
}

/** Makes the tensors that a recorded function takes. */
export interface Tape {
  input(name: string, role: Input['role'], shape: readonly number[]): Tensor;
  /**
   * Random numbers of `shape` in [0, 1), of streams whose key words the named input holds.
   * @param passes so many stretches of the first axis have a stream each, which all of their rows share; without
   *   it, there is one stream, and each element has its own number
   */
  uniform(key: string, shape: readonly number[], passes?: number): Tensor;
  /** The same of standard normal ones. */
  normal(key: string, shape: readonly number[], passes?: number): Tensor;
}

export interface Recorded {
  readonly results: Readonly<Record<string, Tensor>>;
  readonly nextState: Readonly<Record<string, Tensor>>;
}

/**
 * Writes down what a function does with tensors, without computing any of it.
 * @throws UnrecordableError with the reason where it does something that a program can't say
 */
export function record(work: (tape: Tape) => Recorded): Program {
  const recorder = new Recorder();
  return onBackend(recorder, () => {
    const { results, nextState } = work(tapeOf(recorder));
    const views = (tensors: Readonly<Record<string, Tensor>>): Record<string, View> =>
      Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, recorder.viewOf(tensor)]));
    const seen = { results: views(results), nextState: views(nextState) };
    // Some were kept past the scope that they were made in.
    dispose([...Object.values(results), ...Object.values(nextState)]);
    return { operations: recorder.operations, ...seen };
  });
}

function tapeOf(recorder: Recorder): Tape {
  const tensor = (view: View, shape: readonly number[]) =>
    engine().makeTensorFromTensorInfo(recorder.tensor(view, shape));
  const drawn = (of: 'uniform' | 'normal', key: string, shape: readonly number[], passes?: number) => {
    if (passes === undefined) return tensor(recorder[of](key, 1, sizeOf(shape)), shape);
    const width = sizeOf(shape.slice(1));
    const draws = recorder[of](key, passes, width);
    const factors: Factor[] = [
      [passes, width],
      [shape[0]! / passes, 0],
      [width, 1],
    ];
    return tensor({ ...draws, factors }, shape);
  };
  return {
    input: (name, role, shape) => tensor(recorder.input(name, role, sizeOf(shape)), shape),
    uniform: (key, shape, passes) => drawn('uniform', key, shape, passes),
    normal: (key, shape, passes) => drawn('normal', key, shape, passes),
  };
}

/** Everything that the work does is done by this backend, and nothing of it is left after. */
function onBackend<T>(recorder: Recorder, work: () => T): T {
  const before = getBackend();
  registerBackend(BACKEND, () => recorder);
  // Asynchronous only for backends that start so.
  void setBackend(BACKEND);
  engine().startScope(BACKEND);
  try {
    return work();
  } catch (error) {
    throw asUnrecordable(error);
  } finally {
    engine().endScope();
    void setBackend(before);
    removeBackend(BACKEND);
  }
}

/** tfjs tells of a kernel that a backend hasn't got in its own words. */
function asUnrecordable(error: unknown): unknown {
  const kernel = /Kernel '(.+)' not registered/.exec(String(error))?.[1];
  return kernel ? new UnrecordableError(`it uses the operation ${kernel}`) : error;
}
