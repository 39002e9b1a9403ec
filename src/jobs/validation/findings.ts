import type { DataPlan } from '../../data/plan.ts';
import type { PlacedLayer } from '../../spec/expand.ts';
import type { LayerShape } from '../../spec/shapes.ts';

/** What was found of the job so far. */
export interface Findings {
  readonly plan: DataPlan;
  readonly placed: readonly PlacedLayer[];
  readonly network: readonly LayerShape[];
  readonly parameters: number;
  readonly memoryBytes: number;
}
