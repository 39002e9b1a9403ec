import { percentile } from '../load/statistics.ts';
import type { Participant } from './contenders.ts';
import { GEMM_GIGAFLOP, trainingGigaflop } from './operations.ts';
import type { Setting } from './protocol.ts';
import type { Outcome } from './rounds.ts';

export interface Run {
  readonly setting: Setting;
  readonly outcomes: readonly Outcome[];
}

/** The samples a second of its turns: middle, least, most; NaN of none. */
export function speeds({ turns }: Outcome): { median: number; least: number; most: number } {
  const values = turns.map(({ samplesPerSecond }) => samplesPerSecond).sort((a, b) => a - b);
  const [low, high] = [Math.floor, Math.ceil].map((round) => values[round((values.length - 1) / 2)] ?? NaN);
  return { median: (low! + high!) / 2, least: values[0] ?? NaN, most: values.at(-1) ?? NaN };
}

export function medianOf({ outcomes }: Run, contender: string): number {
  const outcome = outcomes.find((one) => one.contender === contender);
  return outcome ? speeds(outcome).median : NaN;
}

/** The better of a rival's ways, by its median; NaN where it took no part. */
export function bestOf(
  run: Run,
  participants: Readonly<Record<string, Participant>>,
  rival: NonNullable<Participant['rival']>,
): number {
  const medians = run.outcomes
    .filter(({ contender }) => participants[contender]!.rival === rival)
    .map((outcome) => speeds(outcome).median)
    .filter((median) => !Number.isNaN(median));
  return medians.length > 0 ? Math.max(...medians) : NaN;
}

/** The machine's GEMM peak for so many threads, in GFLOP/s, as far as a run measured it. */
export function peakOf(runs: readonly Run[], threads: number): number {
  const run = runs.find(({ setting }) => setting.kind === 'gemm' && setting.threads === threads);
  return Math.max(...(run?.outcomes.map((outcome) => speeds(outcome).median * GEMM_GIGAFLOP) ?? [NaN]));
}

/** What a training step's products come to, in GFLOP/s; NaN of what isn't training. */
export function gigaflops({ setting }: Run, outcome: Outcome): number {
  return setting.kind === 'training' ? speeds(outcome).median * trainingGigaflop(setting.network) : NaN;
}

/** Losses farther from the middle one than by this factor aren't of the same computation. */
const SAME_ORDER = 1.2;

/** Contenders whose loss after the first steps is of another order than the others'. */
export function doubtful({ outcomes }: Run): string[] {
  const losses = outcomes.flatMap(({ contender, prepared: { loss } }) =>
    typeof loss === 'number' ? [{ contender, loss }] : [],
  );
  const middle = percentile(
    losses.map(({ loss }) => loss),
    0.5,
  );
  return losses
    .filter(({ loss }) => !(Math.max(loss / middle, middle / loss) <= SAME_ORDER))
    .map(({ contender }) => contender);
}
