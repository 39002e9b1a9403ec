import { createGather, epochOrder, gatherAugmented } from '../../src/data/batches.ts';
import type { PreparedData } from '../../src/data/prepare-data.ts';
import { buildNetwork, type Network } from '../../src/engine/model/network.ts';
import { createMetrics } from '../../src/engine/train/metrics.ts';
import type { TrainJob } from '../../src/engine/train/train-job.ts';
import { distributionOf } from '../../src/spec/distribution.ts';
import { expandModel } from '../../src/spec/expand.ts';
import { besideDiscriminator, resolveGenerator } from '../../src/spec/generator.ts';
import { checkpointsEvery, type JobSpec } from '../../src/spec/job.ts';
import { resolveNetwork } from '../../src/spec/network.ts';
import type { ObjectiveOf } from '../../src/spec/objective.ts';
import { inputShapeOf, outputUnits } from '../../src/spec/preprocess.ts';
import { settleStages } from '../../src/spec/trainable.ts';
import type { ParentFile } from './read-parent.ts';

/** What the engine needs to train a job on its data. */
export function trainJob(spec: JobSpec, data: PreparedData, parent: ParentFile | undefined): TrainJob {
  const { preprocess, train } = data;
  const distribution = distributionOf(spec.stages);
  const resolved = resolveNetwork(spec.model, {
    inputShape: inputShapeOf(preprocess),
    task: preprocess.task,
    outputUnits: outputUnits(preprocess),
    distribution,
    base: parent?.base ?? [],
  });
  const network = buildNetwork(resolved);
  const gan = spec.stages[0]!.objective;
  const targetStd = preprocess.target.type === 'number' ? preprocess.target.std : 1;
  return {
    network,
    reused: parent?.reused ?? {},
    task: preprocess.task,
    inputs: preprocess.inputs,
    generator: gan.type === 'gan' ? generatorOf(gan, network) : undefined,
    stages: settleStages(spec.stages, expandModel(spec.model, parent?.base), network.layers),
    seed: spec.seed,
    data: {
      ...data,
      order: (stage, epoch) => epochOrder(spec.seed, stage, epoch, train.count, spec.data.shuffle),
      gather: data.augment ? gatherAugmented(train, data.augment) : createGather(),
      augmented: data.augment !== null,
    },
    checkpointsEvery: checkpointsEvery(spec.checkpoint),
    createMetrics: () =>
      createMetrics(preprocess.task, { distribution, targetStd, topK: spec.evaluate.topK }),
  };
}

function generatorOf(gan: ObjectiveOf<'gan'>, { spec }: Network): Network {
  return buildNetwork(besideDiscriminator(resolveGenerator(gan, spec.inputShape)));
}
