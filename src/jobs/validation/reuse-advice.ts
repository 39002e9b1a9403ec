import { pointerTo } from '../../data/problems.ts';
import type { PlacedLayer } from '../../spec/expand.ts';
import type { LayerShape } from '../../spec/shapes.ts';
import type { StageSpec } from '../../spec/stage.ts';
import { movingLayers } from '../../spec/trainable.ts';
import type { Validation } from '../services.ts';

type Warning = Validation['warnings'][number];

/**
 * Warns of stages that move what reused layers know at the full rate. Géron, “Hands-On Machine Learning”, chapter
 * 11: freeze them first, and lower the rate once they are unfrozen.
 */
export function adviseReuse(
  stages: readonly StageSpec[],
  placed: readonly PlacedLayer[],
  network: readonly LayerShape[],
): Warning[] {
  const reused = new Set(placed.filter((layer) => layer.reused).map(({ layer }) => layer.name));
  const weighted = network.filter(({ name, weights }) => reused.has(name) && weights.length > 0);
  if (weighted.length === 0) return [];
  const moves = stages.map(({ trainable }) => {
    const moving = new Set(movingLayers(trainable, placed, network));
    return weighted.some(({ name }) => moving.has(name));
  });
  const firstFrozen = stages[moves.indexOf(false)];
  return [
    ...adviseFreezing(moves),
    ...stages.flatMap((stage, i) => adviseScale(stage, moves[i]!, firstFrozen, i)),
    ...stages.flatMap((stage, i) => adviseTop(stage, weighted.length, i)),
  ];
}

/** New layers begin at random, and their gradients would spoil what lies below. */
function adviseFreezing([first]: readonly boolean[]): Warning[] {
  if (!first) return [];
  const message =
    'the first stage moves reused layers while the new ones are still random; a first stage with “trainable”: “new” keeps what they know';
  return [{ code: 'unfrozenAtOnce', pointer: pointerTo('stages', 0, 'trainable'), message }];
}

function adviseScale(stage: StageSpec, moves: boolean, frozen: StageSpec | undefined, i: number): Warning[] {
  if (!moves || stage.learningRateScale !== undefined || stage.schedule.type === 'lrFinder') return [];
  const isLowered = frozen !== undefined && stage.optimizer.learningRate < frozen.optimizer.learningRate;
  if (isLowered) return [];
  const message =
    'reused layers move at the full learning rate, which spoils what they know; 0.1 is a good learningRateScale';
  return [{ code: 'unscaledReuse', pointer: pointerTo('stages', i, 'learningRateScale'), message }];
}

function adviseTop({ trainable }: StageSpec, weighted: number, i: number): Warning[] {
  const isBeyond = typeof trainable === 'object' && 'top' in trainable && trainable.top > weighted;
  if (!isBeyond) return [];
  const message = `${weighted} of the reused layers ${weighted === 1 ? 'has' : 'have'} weights, so the stage moves them all`;
  return [{ code: 'topBeyondReused', pointer: pointerTo('stages', i, 'trainable', 'top'), message }];
}
