import { readTopology } from './keras/topology.ts';
import type { ModelSpec } from './model.ts';
import type { ParentModel } from './parent.ts';

/** A shape in which some axes may be open: null takes whatever the data have. */
export type AskedShape = readonly (number | null)[];

/** The shape that a model by itself asks of an example: its parent's, or its topology's; undefined without either. */
export function askedShape(
  { topology }: Pick<ModelSpec, 'topology'>,
  parent: ParentModel | undefined,
): AskedShape | undefined {
  return parent?.network.inputShape ?? (topology && readTopology(topology).input?.shape);
}
