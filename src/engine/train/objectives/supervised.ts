import type { Task } from '../../../spec/data.ts';
import type { LossSpec } from '../../../spec/objective.ts';
import { exampleLosses, meanLoss } from '../losses.ts';
import type { Objective } from './objective.ts';

/** Learns the target; the loss follows from the task when the spec leaves it out. */
export function supervised(task: Task, loss: LossSpec = defaultLoss(task)): Objective {
  return { loss: (outputs, batch) => meanLoss(exampleLosses(loss, outputs, batch.y), batch.weights) };
}

function defaultLoss(task: Task): LossSpec {
  switch (task) {
    case 'classification':
      return { type: 'categoricalCrossEntropy', labelSmoothing: 0 };
    case 'multilabel':
      return { type: 'binaryCrossEntropy', labelSmoothing: 0 };
    case 'regression':
      return { type: 'mse' };
  }
}
