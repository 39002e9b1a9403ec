import type { DataPlan } from '../../data/plan.ts';
import type { Problems } from '../../data/problems.ts';

/** Top-k accuracy wants classes, and more of them than k: else every answer is right. */
export function checkTopK(topK: number, { task, classes }: DataPlan, problems: Problems): void {
  const what = task === 'multilabel' ? 'multilabel' : `a ${task}`;
  if (classes === null)
    problems.add('/evaluate/topK', `only a classification ranks classes, and this is ${what}`);
  else if (topK >= classes.length)
    problems.add(
      '/evaluate/topK',
      `there are ${classes.length} classes, so the truth is always among ${topK}; ask for fewer`,
    );
}
