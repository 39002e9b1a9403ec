import { describe, expect, it } from 'vitest';
import { CheckpointPolicy, checkpointsEvery } from '../../../src/spec/job.ts';

const NEVER = Number.POSITIVE_INFINITY;

describe('checkpoints are due', () => {
  it.each([
    [{}, { seconds: 10, steps: NEVER }],
    [{ keep: 5 }, { seconds: 10, steps: NEVER }],
    [{ everySteps: 50 }, { seconds: NEVER, steps: 50 }],
    [{ everySeconds: 2 }, { seconds: 2, steps: NEVER }],
    [
      { everySeconds: 2, everySteps: 50 },
      { seconds: 2, steps: 50 },
    ],
  ])('as %j says', (policy, every) => {
    expect(checkpointsEvery(CheckpointPolicy.parse(policy))).toEqual(every);
  });

  it.each([{ everySeconds: 0 }, { everySteps: 0 }, { everySteps: 1.5 }])('not as %j says', (policy) => {
    expect(CheckpointPolicy.safeParse(policy).success).toBe(false);
  });
});
