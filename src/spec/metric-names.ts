import type { Task } from './data.ts';

/** What is measured over an epoch, besides `loss`; on the validation split with `val_` before the name. */
export const METRIC_NAMES: Readonly<Record<Task, readonly string[]>> = {
  classification: ['accuracy', 'nll', 'precision', 'recall', 'f1', 'ece'],
  multilabel: ['accuracy', 'exactMatch', 'nll', 'precision', 'recall', 'f1', 'ece'],
  regression: ['rmse', 'mae', 'r2'],
};
