/** How far a job is and how long it still takes, by the pace of this run. */
export interface Progress {
  at(stepsDone: number): { progress: number; etaSeconds: number | null };
}

/** @param firstStep the steps that earlier runs had done */
export function trackProgress(
  totalSteps: number,
  firstStep: number,
  now: () => number = () => performance.now(),
): Progress {
  const startedAt = now();
  return {
    at(stepsDone) {
      const secondsPerStep = (now() - startedAt) / 1000 / (stepsDone - firstStep);
      const etaSeconds = stepsDone > firstStep ? secondsPerStep * (totalSteps - stepsDone) : null;
      return { progress: Math.min(1, stepsDone / totalSteps), etaSeconds };
    },
  };
}
