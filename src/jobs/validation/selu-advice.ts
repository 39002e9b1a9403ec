import type { DataPlan } from '../../data/plan.ts';
import { pointerTo } from '../../data/problems.ts';
import { activationName } from '../../spec/activation.ts';
import type { PlacedLayer } from '../../spec/expand.ts';
import { defaultInitializer } from '../../spec/initializer.ts';
import type { LayerType } from '../../spec/layer.ts';
import type { Validation } from '../services.ts';

type Warning = Validation['warnings'][number];

/**
 * Warns of each SELU layer whose network can't keep mean 0 and variance 1 by itself. Klambauer et al. 2017:
 * standardized inputs, LeCun normal kernels, dense layers one after another, and alpha dropout if any.
 */
export function adviseSelu(layers: readonly PlacedLayer[], plan: DataPlan): Warning[] {
  const ofAll = networkFaults(layers, plan);
  return layers.flatMap(({ layer, path }, i) => {
    if (!('activation' in layer) || activationName(layer.activation) !== 'selu') return [];
    const faults = [...kernelFaults(layers, i), ...ofAll];
    if (faults.length === 0) return [];
    const message = `SELU keeps mean 0 and variance 1 only under its conditions, and here ${faults.join('; ')}`;
    return [{ code: 'seluConditions', pointer: pointerTo('model', ...path), message }];
  });
}

/** The kernel is the layer's own, or where it has none the next one below that no batch norm rescales. */
function kernelFaults(layers: readonly PlacedLayer[], index: number): string[] {
  const below = layers.slice(0, index + 1).map(({ layer }) => layer);
  const kernel = below.findLast((layer) => 'useBias' in layer || layer.type === 'batchNorm');
  if (!kernel || !('useBias' in kernel)) return [];
  const initializer = kernel.initializer ?? defaultInitializer(kernel.activation);
  return initializer === 'lecunNormal' ? [] : [`the initializer of “${kernel.name}” isn’t lecunNormal`];
}

/** What may stand in a self-normalizing network. */
const SEQUENTIAL_DENSE: ReadonlySet<LayerType> = new Set([
  'dense',
  'flatten',
  'reshape',
  'activation',
  'alphaDropout',
  'batchNorm',
]);
const OTHER_DROPOUT: ReadonlySet<LayerType> = new Set(['dropout', 'spatialDropout']);

function networkFaults(layers: readonly PlacedLayer[], plan: DataPlan): string[] {
  const branches = layers.some(({ layer }) => layer.inputs !== undefined);
  const others = layers.filter(
    ({ layer: { type } }) => !SEQUENTIAL_DENSE.has(type) && !OTHER_DROPOUT.has(type),
  );
  return [
    ...(plan.standardizeInputs || plan.inheritsInputs || layers[0]?.layer.type === 'batchNorm'
      ? []
      : ['the inputs aren’t standardized']),
    ...(branches ? ['the layers don’t stand one upon another alone'] : []),
    ...(others.length > 0 ? [`not all layers are dense (“${others[0]!.layer.name}” isn’t)`] : []),
    ...otherActivations(layers),
    ...(layers.some(({ layer: { type } }) => OTHER_DROPOUT.has(type))
      ? ['dropout should be alphaDropout']
      : []),
  ];
}

/** A layer that isn't activated at all leaves it to the one upon it. */
function otherActivations(layers: readonly PlacedLayer[]): string[] {
  const other = layers.find(
    ({ layer }) => 'activation' in layer && !['selu', 'linear'].includes(activationName(layer.activation)),
  );
  return other ? [`“${other.layer.name}” has another activation`] : [];
}
