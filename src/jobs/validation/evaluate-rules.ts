import type { DataPlan } from '../../data/plan.ts';
import type { Problems } from '../../data/problems.ts';
import { inWords } from '../../data/task-in-words.ts';

/** Top-k accuracy wants classes, and more of them than k: else every answer is right. */
export function checkTopK(topK: number, { task, classes }: DataPlan, problems: Problems): void {
  if (classes === null || task === 'pairs')
    problems.add('/evaluate/topK', `only a classification ranks classes, and this is ${inWords(task)}`);
  else if (topK >= classes.length)
    problems.add(
      '/evaluate/topK',
      `there are ${classes.length} classes, so the truth is always among ${topK}; ask for fewer`,
    );
}
