import type { Nest } from '../loops/nest.ts';
import { type Accesses, accessesOf, overlap } from './accesses.ts';
import type { Instruction } from './plan.ts';

/** What one thread does, one after another; all threads meet at each barrier. */
export type Stream = readonly (Instruction | 'barrier')[];

/** What the threads do of one call, null where one has nothing of it. */
export type Parts = readonly (Instruction | null)[];

/** One stream for each thread, with barriers where one would take or write what another has to do with. */
export function withBarriers(calls: readonly Parts[], nests: readonly Nest[], threads: number): Stream[] {
  const streams: (Instruction | 'barrier')[][] = Array.from({ length: threads }, () => []);
  let since: Accesses[][] = streams.map(() => []);
  for (const parts of calls) {
    const accesses = parts.map((part) => part && accessesOf(part, nests));
    const meets = accesses.some(
      (own, thread) =>
        own && since.some((others, at) => at !== thread && others.some((other) => collide(own, other))),
    );
    if (meets) {
      for (const stream of streams) stream.push('barrier');
      since = streams.map(() => []);
    }
    for (const [thread, part] of parts.entries()) {
      if (!part) continue;
      streams[thread]!.push(part);
      since[thread]!.push(accesses[thread]!);
    }
  }
  return streams;
}

function collide(a: Accesses, b: Accesses): boolean {
  return overlap(a.writes, b.writes) || overlap(a.writes, b.reads) || overlap(a.reads, b.writes);
}
