import { readFileSync } from 'node:fs';
import { CHECK_SECONDS, LOSSES_AVERAGED, STEPS_CHECKED, WARM_UP_SECONDS } from '../protocol.ts';

/** Takes steps for at least so many seconds. */
export async function stepsASecond(step: () => Promise<unknown>, seconds: number): Promise<number> {
  const startedAt = performance.now();
  for (let steps = 1; ; steps++) {
    await step();
    const passed = (performance.now() - startedAt) / 1000;
    if (passed >= seconds) return steps / passed;
  }
}

export async function warmedUp(step: () => Promise<unknown>, seconds: number): Promise<number> {
  await stepsASecond(step, WARM_UP_SECONDS);
  return stepsASecond(step, seconds);
}

/** The mean of the last of the first losses; null where they take too long. */
export async function checkedLoss(step: () => Promise<number>): Promise<number | null> {
  const losses: number[] = [];
  const until = performance.now() + 1000 * CHECK_SECONDS;
  while (losses.length < STEPS_CHECKED) {
    if (performance.now() > until) return null;
    losses.push(await step());
  }
  return losses.slice(-LOSSES_AVERAGED).reduce((sum, loss) => sum + loss, 0) / LOSSES_AVERAGED;
}

export async function milliseconds(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await work();
  return performance.now() - startedAt;
}

/** The most that this process has held, in MiB. */
export function peakMiB(): number {
  const [, kib] = /^VmHWM:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))!;
  return Number(kib) / 1024;
}
