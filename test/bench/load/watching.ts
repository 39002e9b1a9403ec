import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStore } from '../../../src/adapters/db/store.ts';
import type { JobSpecInput } from '../../../src/spec/job.ts';
import { type Timing, timed, timedUntil } from './requests.ts';
import type { Service } from './service.ts';
import { percentile } from './statistics.ts';
import { Watcher } from './watcher.ts';

const CONCRETE = new URL('../../../examples/data/concrete.csv', import.meta.url);
const EPOCHS = 150;
const POLLERS = 4;
const EVENTS_A_JOB = 20;
const EVENT_MS = 10;

export interface Watched {
  readonly what: string;
  readonly watchers: readonly Watcher[];
}

/** Many watch one training to its end, while others poll and list. */
export async function watchOne(
  service: Service,
  count: number,
  ids: readonly string[],
): Promise<{ watched: Watched; timings: Timing[] }> {
  const datasetId = await service.uploadCsv(await readFile(CONCRETE, 'utf8'));
  const { id } = JSON.parse((await service.post('/v1/jobs', longSpec(datasetId))).body);
  const watchers = await open(service, Array(count).fill(id));
  const ended = Promise.all(watchers.map((watcher) => watcher.ended));

  const etags = new Map<string, string>();
  const poll = async (i: number) => {
    const path = `/v1/jobs/${i % 2 === 0 ? id : ids[i % ids.length]}`;
    const answer = await service.get(path, { 'if-none-match': etags.get(path) ?? '' });
    etags.set(path, String(answer.headers.etag));
    return answer;
  };
  const timings = await Promise.all([
    timedUntil('GET /v1/jobs/{id} with an ETag, meanwhile', ended, POLLERS, poll),
    timedUntil('GET /v1/jobs?limit=20, meanwhile', ended, 1, () => service.get('/v1/jobs?limit=20')),
  ]);
  return { watched: { what: 'of one training', watchers }, timings };
}

/** Each watches a job of its own, in which something happens now and then, until it is cancelled. */
export async function watchMany(
  service: Service,
  ids: readonly string[],
): Promise<{ watched: Watched; timings: Timing[] }> {
  const watchers = await open(service, ids);
  const store = await createStore({ url: service.databaseUrl, poolSize: 4 });
  for (let i = 0; i < EVENTS_A_JOB * ids.length; i++) {
    await store.events.append(ids[i % ids.length]!, 'warning', { code: 'load', message: `event ${i}` });
    await sleep(EVENT_MS);
  }
  await store.close();
  const cancel = (i: number) => service.post(`/v1/jobs/${ids[i]}/cancel`, {});
  const timing = await timed('POST /v1/jobs/{id}/cancel, each watched', ids.length, POLLERS, cancel);
  await Promise.all(watchers.map((watcher) => watcher.ended));
  return { watched: { what: 'of a job each', watchers }, timings: [timing] };
}

function open(service: Service, ids: readonly string[]): Promise<Watcher[]> {
  return Promise.all(ids.map((id) => Watcher.open(service, id)));
}

/** Goes before all others; some epochs a second. */
function longSpec(datasetId: string): JobSpecInput {
  return {
    name: 'watched',
    priority: 0,
    data: { dataset: datasetId, target: 'strength' },
    model: { layers: [{ type: 'dense', units: 32, activation: 'relu' }] },
    stages: [{ epochs: EPOCHS, batchSize: 8 }],
  };
}

export const WATCHED_HEADER = [
  'watchers',
  'number',
  'events told',
  'p50 (ms)',
  'p99 (ms)',
  'lost',
  'doubled',
];

/** How late an event came counts for events that were made while it was watched. */
export function watchedRow({ what, watchers }: Watched): string[] {
  const latencies = watchers.flatMap((watcher) => watcher.latencies);
  const told = watchers.reduce((sum, { sequences }) => sum + sequences.length, 0);
  const faults = watchers.map((watcher) => watcher.faults);
  return [
    what,
    String(watchers.length),
    String(told),
    percentile(latencies, 0.5).toFixed(1),
    percentile(latencies, 0.99).toFixed(1),
    String(faults.reduce((sum, { lost }) => sum + lost, 0)),
    String(faults.reduce((sum, { doubled }) => sum + doubled, 0)),
  ];
}
