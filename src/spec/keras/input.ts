import { z } from 'zod';
import { PositiveInt } from '../common.ts';
import type { Entry } from './entry.ts';
import type { Faults, Path } from './fault.ts';

/** The shape that a topology asks of the data, without the batch; null takes what the data have. */
export interface TopologyInput {
  readonly shape: readonly (number | null)[];
  readonly path: Path;
}

/** As Keras 3, Keras 2 and Keras 2's InputLayer by hand write it. */
const SHAPE_KEYS = ['batch_shape', 'batch_input_shape'];
const BatchShape = z.array(PositiveInt.nullable()).min(2).max(5);

/** The shape that an InputLayer, or the first layer of a Sequential, says; undefined where it says none. */
export function readInput({ config, path }: Entry, faults: Faults): TopologyInput | undefined {
  for (const option of ['sparse', 'ragged'])
    if (config[option] === true) faults.add([...path, 'config', option], `${option} inputs aren’t taken`);
  const key = SHAPE_KEYS.find((shapeKey) => Array.isArray(config[shapeKey]));
  if (key === undefined) return undefined;
  const shapePath = [...path, 'config', key];
  const { data, error } = BatchShape.safeParse(config[key]);
  if (error) faults.addIssues(shapePath, error.issues);
  return data && { shape: data.slice(1), path: shapePath };
}
