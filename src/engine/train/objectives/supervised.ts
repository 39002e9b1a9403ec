import type { SupervisedTask } from '../../../spec/data.ts';
import type { LossSpec } from '../../../spec/objective.ts';
import { exampleLosses, meanLoss } from '../losses.ts';
import { type Objective, plain } from './objective.ts';

/** Learns the target; the loss follows from the task when the spec leaves it out. */
export function supervised(task: SupervisedTask, loss: LossSpec = defaultLoss(task)): Objective {
  return {
    ...plain,
    loss: (outputs, batch) => meanLoss(exampleLosses(loss, outputs, batch.y), batch.weights),
  };
}

function defaultLoss(task: SupervisedTask): LossSpec {
  switch (task) {
    case 'classification':
      return { type: 'categoricalCrossEntropy', labelSmoothing: 0 };
    case 'multilabel':
      return { type: 'binaryCrossEntropy', labelSmoothing: 0 };
    case 'regression':
      return { type: 'mse' };
  }
}
