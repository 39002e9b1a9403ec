import type { NamedAttrMap, TensorInfo } from '@tensorflow/tfjs-core';
import type { Recorder } from './recorder.ts';

/** How kernels of tfjs are recorded, by the names that tfjs gives them and their inputs. */
export type Kernels = Readonly<
  Record<
    string,
    (
      recorder: Recorder,
      inputs: Readonly<Record<string, TensorInfo>>,
      attrs: NamedAttrMap,
    ) => TensorInfo | TensorInfo[]
  >
>;
