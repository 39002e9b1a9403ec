import { readTopology } from './keras/topology.ts';
import type { ModelSpec } from './model.ts';

/** A shape in which some axes may be open: null takes whatever the data have. */
export type AskedShape = readonly (number | null)[];

/** The shape that a model by itself asks of an example; undefined where it says none. */
export function askedShape({ topology }: Pick<ModelSpec, 'topology'>): AskedShape | undefined {
  return topology && readTopology(topology).input?.shape;
}
