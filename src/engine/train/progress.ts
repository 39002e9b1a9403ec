/** How far a job is and how long it still takes, by the pace of this run. */
export interface Progress {
  at(stepsDone: number): { progress: number; etaSeconds: number | null };
  /** Waits for work that is no step, and that doesn't come again with every step: the pace is without it. */
  aside<Result>(work: () => Promise<Result>): Promise<Result>;
}

/** @param firstStep the steps that earlier runs had done */
export function trackProgress(
  totalSteps: number,
  firstStep: number,
  now: () => number = () => performance.now(),
): Progress {
  const startedAt = now();
  let aside = 0;
  return {
    at(stepsDone) {
      const secondsPerStep = (now() - startedAt - aside) / 1000 / (stepsDone - firstStep);
      const etaSeconds = stepsDone > firstStep ? secondsPerStep * (totalSteps - stepsDone) : null;
      return { progress: Math.min(1, stepsDone / totalSteps), etaSeconds };
    },
    async aside(work) {
      const from = now();
      const result = await work();
      aside += now() - from;
      return result;
    },
  };
}
