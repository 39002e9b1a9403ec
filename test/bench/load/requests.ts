import type { Answer } from '../../fuzz/service.ts';
import { percentile } from './statistics.ts';

export interface Timing {
  readonly what: string;
  readonly seconds: number;
  readonly answers: readonly Pick<Answer, 'status' | 'milliseconds'>[];
}

/** Asks `count` times, so many at once. @throws Error for an answer that isn’t one of success */
export async function timed(
  what: string,
  count: number,
  atOnce: number,
  ask: (i: number) => Promise<Answer>,
): Promise<Timing> {
  let next = 0;
  return inTurns(what, atOnce, () => (next < count ? ask(next++) : null));
}

/** Goes on asking until `done`. */
export async function timedUntil(
  what: string,
  done: Promise<unknown>,
  atOnce: number,
  ask: (i: number) => Promise<Answer>,
): Promise<Timing> {
  let next = 0;
  let isDone = false;
  void done.then(() => {
    isDone = true;
  });
  return inTurns(what, atOnce, () => (isDone ? null : ask(next++)));
}

async function inTurns(what: string, atOnce: number, ask: () => Promise<Answer> | null): Promise<Timing> {
  const answers: Timing['answers'][number][] = [];
  const startedAt = performance.now();
  const turns = Array.from({ length: atOnce }, async () => {
    for (let asked = ask(); asked !== null; asked = ask()) {
      const { status, milliseconds, body } = await asked;
      if (status >= 400) throw new Error(`${what}: ${status} ${body}`);
      answers.push({ status, milliseconds });
    }
  });
  await Promise.all(turns);
  return { what, seconds: (performance.now() - startedAt) / 1000, answers };
}

export const TIMING_HEADER = ['requests', 'number', 'a second', 'p50 (ms)', 'p99 (ms)'];

export function timingRow({ what, seconds, answers }: Timing): string[] {
  const latencies = answers.map(({ milliseconds }) => milliseconds);
  return [
    what,
    String(answers.length),
    (answers.length / seconds).toFixed(0),
    percentile(latencies, 0.5).toFixed(1),
    percentile(latencies, 0.99).toFixed(1),
  ];
}
