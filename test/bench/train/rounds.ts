import { setTimeout as sleep } from 'node:timers/promises';
import { ContenderProcess } from './contender-process.ts';
import type { Participant } from './contenders.ts';
import type { Measured, Prepared, Setting } from './protocol.ts';

/** What one contender did in a setting, round by round; nothing where it couldn't. */
export interface Outcome {
  readonly contender: string;
  readonly prepared: Prepared;
  readonly turns: readonly Measured[];
}

/** Threads that spin a while for more work have gone to sleep after this. */
const PAUSE_MS = 200;

/**
 * Has every contender take its turn in each round, one after another, each round beginning with another one: whatever
 * else the machine does meets all of them alike. Each is idle while another computes.
 */
export async function interleaved(
  participants: Readonly<Record<string, Participant>>,
  setting: Setting,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Outcome[]> {
  const started: Awaited<ReturnType<typeof ContenderProcess.start>>[] = [];
  const turns = new Map<string, Measured[]>();
  try {
    for (const [name, participant] of Object.entries(participants)) {
      const start = await ContenderProcess.start(name, participant, setting);
      started.push(start);
      turns.set(name, []);
      console.error(
        `${label(setting)}: ${name} ${start.prepared.cannot ? `can’t: ${start.prepared.cannot}` : 'is ready'}`,
      );
    }
    for (let round = 0; round < rounds; round++) {
      const able = started.filter(({ prepared }) => prepared.cannot === undefined);
      for (const start of rotated(able, round)) {
        await sleep(PAUSE_MS);
        const { name } = start.contender;
        try {
          const measured = await start.contender.takeTurn(seconds);
          turns.get(name)!.push(measured);
          const speed = measured.samplesPerSecond.toFixed(0);
          console.error(`${label(setting)}: round ${round + 1}, ${name} ${speed}/s`);
        } catch (error) {
          // One that breaks down is told of; the others go on.
          turns.set(name, []);
          start.prepared = { cannot: `broke down in round ${round + 1}` };
          console.error(`${label(setting)}: ${name} broke down: ${(error as Error).message}`);
        }
      }
    }
  } finally {
    await Promise.all(started.map(({ contender }) => contender.stop()));
  }
  return started.map(({ contender: { name }, prepared }) => ({
    contender: name,
    prepared,
    turns: turns.get(name)!,
  }));
}

function label({ model, batch, threads }: Setting): string {
  return `${model}, ${batch} rows, ${threads} thread${threads === 1 ? '' : 's'}`;
}

function rotated<Item>(items: readonly Item[], by: number): Item[] {
  const at = by % Math.max(1, items.length);
  return [...items.slice(at), ...items.slice(0, at)];
}
