import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from '../../fuzz/dice.ts';
import { query } from '../../postgres-server.ts';
import { carryOut, type Outcome } from '../carry-out.ts';
import { Client } from '../client.ts';
import type { WholeService } from '../whole-service.ts';
import { prepareWorks } from '../works.ts';
import { type Fault, faultsOf } from './faults.ts';
import { lookOn } from './onlooker.ts';

/** A job that was accepted, and what it was to become. */
export interface Entry {
  readonly name: string;
  readonly outcome: Outcome;
  readonly expected: Outcome;
}

export interface Ledger {
  readonly entries: readonly Entry[];
  /** How many jobs the database has of those that users asked for. */
  readonly jobRows: number;
  /** How often each fault struck. */
  readonly struck: ReadonlyMap<string, number>;
  readonly client: Client;
  /** What an onlooker saw that wasn't as it was. */
  readonly seen: readonly string[];
}

interface Options {
  readonly seed: number;
  readonly faults: number;
  /** Each posts work, watches it to its end, and posts the next. */
  readonly users?: number;
  readonly onProgress?: (text: string) => void;
}

const LONGEST_PAUSE_MS = 4_000;
/** What was struck is left alone for so long: a database that fails every second lets nothing start. */
const REST_MS = 3_000;

/** Users go on with their work while faults strike at random; afterwards all is compared with the same work undisturbed. */
export async function soak(
  service: WholeService,
  { seed, faults, users = 4, onProgress = () => {} }: Options,
): Promise<Ledger> {
  const { url } = service.postgres;
  const client = new Client(service.urls);
  const works = await prepareWorks(client);
  const undisturbed = works.map(async (work) => {
    return [work.name, await carryOut(client, url, work, 'undisturbed')] as const;
  });
  const expected = new Map(await Promise.all(undisturbed));
  onProgress(`${works.length} works undisturbed`);

  const entries: Entry[] = [];
  let over = false;
  const working = Promise.all(Array.from({ length: users }, (_, user) => goOn(user)));
  const lookingOn = lookOn(client, () => over);
  const struck = await strikeAll(faultsOf(service), new Dice('soak', seed), faults, onProgress);
  over = true;
  await working;
  const seen = await lookingOn;
  const [rows] = await query<{ count: number }>(url, 'SELECT count(*)::int AS count FROM job');
  return { entries, jobRows: rows!.count - [...expected.values()].flat().length, struck, client, seen };

  async function goOn(user: number): Promise<void> {
    const dice = new Dice('user', seed, user);
    for (let turn = 0; !over; turn++) {
      const work = dice.pick(works);
      const jobs = await carryOut(client, url, work, `${user}-${turn}`);
      for (const [i, outcome] of jobs.entries()) {
        const name = `${work.name}, job ${i + 1}`;
        entries.push({ name, outcome, expected: expected.get(work.name)![i]! });
      }
    }
  }
}

/** One after another, but the next may strike while things still recover from the last. */
async function strikeAll(
  faults: readonly Fault[],
  dice: Dice,
  count: number,
  onProgress: (text: string) => void,
): Promise<Map<string, number>> {
  const struck = new Map<string, number>();
  const busy = new Map<object, Promise<unknown>>();
  let failure: unknown;
  for (let done = 0; done < count; ) {
    await sleep(dice.share() * LONGEST_PAUSE_MS);
    if (failure !== undefined) throw failure;
    const possible = faults.filter(({ target }) => !busy.has(target));
    if (possible.length === 0) continue;
    const fault = dice.weighted(possible.map((it) => [it.weight, it] as const));
    const striking = fault.strike(dice).then(async (hit) => {
      if (hit !== false) {
        struck.set(fault.name, (struck.get(fault.name) ?? 0) + 1);
        await sleep(REST_MS);
      }
      busy.delete(fault.target);
    });
    busy.set(fault.target, striking);
    striking.catch((error) => {
      failure ??= error;
    });
    done = [...struck.values()].reduce((sum, times) => sum + times, 0);
    onProgress(`${done} of ${count} faults; ${fault.name}`);
  }
  await Promise.all(busy.values());
  return struck;
}
