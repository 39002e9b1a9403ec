import type { SupervisedTask, Task } from '../../../spec/data.ts';
import type { ObjectiveSpec } from '../../../spec/objective.ts';
import { autoencoder } from './autoencoder.ts';
import { denoising } from './denoising.ts';
import { discriminator } from './gan.ts';
import { masked } from './masked.ts';
import type { Objective, ObjectiveInputs } from './objective.ts';
import { pairs } from './pairs.ts';
import { rotation } from './rotation.ts';
import { supervised } from './supervised.ts';

/** What a stage learns from, by its spec. */
export function createObjective(spec: ObjectiveSpec, task: Task, inputs: ObjectiveInputs): Objective {
  switch (spec.type) {
    case 'supervised':
      // Validation lets no stage mix with others that have the network say something else.
      return supervised(task as SupervisedTask, spec.loss);
    case 'autoencoder':
      return autoencoder(spec);
    case 'denoising':
      return denoising(spec);
    case 'masked':
      return masked(spec, inputs);
    case 'rotation':
      return rotation(inputs);
    case 'pairs':
      return pairs();
    case 'gan':
      return discriminator(spec, inputs.generator!);
  }
}
