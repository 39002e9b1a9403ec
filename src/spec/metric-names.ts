import type { Task } from './data.ts';
import type { Distribution } from './distribution.ts';

/** What decides which metrics there are. */
export interface Measured {
  readonly task: Task;
  readonly distribution: Distribution;
  readonly topK: number | undefined;
}

/** What is measured over an epoch, besides `loss`; on the validation split with `val_` before the name. */
export function metricNames({ task, distribution, topK }: Measured): string[] {
  switch (task) {
    case 'classification':
    case 'rotation':
      return [
        'accuracy',
        ...(topK === undefined ? [] : ['topKAccuracy']),
        'nll',
        'precision',
        'recall',
        'f1',
        'ece',
      ];
    case 'multilabel':
      return ['accuracy', 'exactMatch', 'nll', 'precision', 'recall', 'f1', 'ece'];
    case 'regression':
      return ['rmse', 'mae', 'r2', ...(distribution === 'gaussian' ? ['nll'] : [])];
    case 'reconstruction':
      return ['rmse', 'mae', 'r2'];
    case 'gan':
      return ['accuracy', 'trueScore', 'madeUpScore', 'generatorLoss'];
    case 'pairs':
      return ['accuracy', 'nll', 'precision', 'recall', 'f1', 'ece'];
  }
}
