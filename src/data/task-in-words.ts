import type { Task } from '../spec/data.ts';

const WORDS: Readonly<Record<Task, string>> = {
  regression: 'a regression',
  classification: 'a classification',
  multilabel: 'multilabel',
  reconstruction: 'a reconstruction',
  rotation: 'the prediction of a rotation',
  pairs: 'the comparison of pairs',
  gan: 'a GAN',
};

/** What a task is called in a sentence. */
export function inWords(task: Task): string {
  return WORDS[task];
}
