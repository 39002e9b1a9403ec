import type { DataPlan } from '../../data/plan.ts';
import { pointerTo } from '../../data/problems.ts';
import type { PlacedLayer } from '../../spec/expand.ts';
import type { JobSpec } from '../../spec/job.ts';
import { readTopology } from '../../spec/keras/topology.ts';
import { isStochastic } from '../../spec/layer.ts';
import type { ModelSpec } from '../../spec/model.ts';
import { size } from '../../spec/shapes.ts';
import type { Validation } from '../services.ts';
import type { Findings } from './findings.ts';
import { adviseObjectives } from './objective-advice.ts';
import { adviseReuse } from './reuse-advice.ts';
import { adviseSelu } from './selu-advice.ts';
import { adviseStages } from './stage-advice.ts';

type Warning = Validation['warnings'][number];

/** What is allowed and yet rarely meant. */
export function advise(spec: JobSpec, findings: Findings): Warning[] {
  const { plan, placed: layers, network, parameters, memoryBytes } = findings;
  const pointer = pointerTo('model', spec.model.topology ? 'topology' : 'layers');
  return [
    ...layers.flatMap((_, i) => adviseDropout(layers, i)),
    ...adviseSelu(layers, plan),
    ...adviseFrozen(spec.model),
    ...adviseStages(spec, findings),
    ...adviseReuse(spec.stages, layers, network),
    ...adviseObjectives(spec, findings),
    ...adviseSize(parameters, plan, pointer),
    ...adviseMemory(memoryBytes, pointer),
  ];
}

function adviseDropout(layers: readonly PlacedLayer[], i: number): Warning[] {
  const { layer, path } = layers[i]!;
  const before = layers[i - 1]?.layer;
  if (layer.type !== 'batchNorm' || layer.inputs !== undefined || !before) return [];
  if (!/dropout/i.test(before.type) || !isStochastic(before)) return [];
  const message =
    'dropout right before a batch norm shifts the variance between training and inference (Li et al. 2018)';
  return [{ code: 'dropoutBeforeBatchNorm', pointer: pointerTo('model', ...path), message }];
}

/** Real topologies come with `trainable: false` on most layers, of the training that they were saved from. */
function adviseFrozen({ topology }: ModelSpec): Warning[] {
  const frozen = topology ? readTopology(topology).layers.filter(({ isFrozen }) => isFrozen) : [];
  if (frozen.length === 0) return [];
  const pointer = pointerTo('model', 'topology', ...frozen[0]!.path, 'config', 'trainable');
  const layers = frozen.length === 1 ? 'a layer has' : `${frozen.length} layers have`;
  const message = `${layers} trainable: false, which is passed over: a stage’s “trainable” says which layers it moves`;
  return [{ code: 'frozenInTopology', pointer, message }];
}

/** Far more parameters than numbers to learn from: it will memorize. */
const PARAMETERS_PER_NUMBER = 10;

function adviseSize(parameters: number, { rows, inputShape, window }: DataPlan, pointer: string): Warning[] {
  // Windows overlap: every row counts once.
  const width = size(inputShape) / (window?.length ?? 1);
  if (parameters <= PARAMETERS_PER_NUMBER * rows * width) return [];
  const message = `${parameters} parameters for ${rows} rows of ${width} numbers: the model can memorize them`;
  return [{ code: 'manyParameters', pointer, message }];
}

/** WebAssembly has at most this; a GPU may have more. */
const MUCH_MEMORY = 4 * 2 ** 30;

function adviseMemory(bytes: number, pointer: string): Warning[] {
  if (bytes <= MUCH_MEMORY) return [];
  const gibibytes = (bytes / 2 ** 30).toFixed(1);
  const message = `a step takes about ${gibibytes} GiB, and on a CPU there are at most 4: use a smaller batch or model`;
  return [{ code: 'muchMemory', pointer, message }];
}
