import type { DataPlan } from '../../data/plan.ts';
import { pointerTo } from '../../data/problems.ts';
import type { PlacedLayer } from '../../spec/expand.ts';
import type { JobSpec } from '../../spec/job.ts';
import { isStochastic } from '../../spec/layer.ts';
import { type LayerShape, size } from '../../spec/shapes.ts';
import type { Validation } from '../services.ts';
import type { Findings } from './findings.ts';

type Warning = Validation['warnings'][number];

/** What an objective may ask and rarely learns anything from. */
export function adviseObjectives(
  { stages }: JobSpec,
  { plan, placed, network }: Pick<Findings, 'plan' | 'placed' | 'network'>,
): Warning[] {
  return plan.task === 'reconstruction'
    ? [...adviseBottleneck(stages, plan, placed, network), ...adviseScale(plan)]
    : [];
}

/** What can copy its input needs to learn nothing of it. */
function adviseBottleneck(
  stages: JobSpec['stages'],
  { inputShape }: DataPlan,
  placed: readonly PlacedLayer[],
  network: readonly LayerShape[],
): Warning[] {
  if (placed.some(({ layer }) => isStochastic(layer))) return [];
  const width = size(inputShape);
  const narrowest = Math.min(...network.slice(0, -1).map(({ outputShape }) => size(outputShape)), width);
  return stages.flatMap(({ objective }, i) => {
    if (objective.type !== 'autoencoder' || narrowest < width) return [];
    const message = `no layer has fewer numbers than the input’s ${width}, so the network can copy it and learn nothing; give it a narrower layer, dropout or noise, or take denoising`;
    return [{ code: 'noBottleneck', pointer: pointerTo('stages', i, 'objective', 'type'), message }];
  });
}

/** A picture's numbers are all of one scale. */
function adviseScale({ standardizeInputs, inheritsInputs, inputs }: DataPlan): Warning[] {
  const areAlike = inputs.length === 1 || inputs.every(({ type }) => type !== 'number');
  if (standardizeInputs || inheritsInputs || areAlike) return [];
  const message =
    'the inputs aren’t standardized, so those of a large scale outweigh the others in what is put together again';
  return [{ code: 'unstandardizedReconstruction', pointer: '/data/standardize', message }];
}
