import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { createStore } from '../../../src/adapters/db/store.ts';
import { ROWS } from '../../api-server.ts';
import { HOT_READS } from '../../integration/hot-reads.ts';
import { fillWithRows } from '../../many-rows.ts';
import { faultsOf, Plans } from '../../plans.ts';
import { markdown } from '../figures.ts';
import { cpuSeconds, probe, residentMiB } from './measure.ts';
import { queueJobs } from './queueing.ts';
import { readRows } from './reading.ts';
import { TIMING_HEADER, timingRow } from './requests.ts';
import { Service } from './service.ts';
import { WATCHED_HEADER, watchedRow, watchMany, watchOne } from './watching.ts';

/**
 * Loads one API process, built, with 1,000 queued jobs, 200 watchers and 10 million metric rows, and tells how it
 * bears that. Fails where an event is lost or doubled, and where a read uses no index.
 *
 *     npm run bench:load -- [--jobs 1000] [--watchers 200] [--ended 100000] [--metrics 10000000] [--redis]
 */
const { values: options } = parseArgs({
  options: {
    jobs: { type: 'string', default: '1000' },
    watchers: { type: 'string', default: '200' },
    ended: { type: 'string', default: '100000' },
    metrics: { type: 'string', default: '10000000' },
    redis: { type: 'boolean', default: false },
  },
});
const [jobs, watchers, ended, metrics] = [options.jobs, options.watchers, options.ended, options.metrics].map(
  Number,
) as [number, number, number, number];

const PROCESS_HEADER = ['meanwhile', 'resident (MiB)', 'of a core', 'loop p50 (ms)', 'p99', 'longest'];
const processRows: string[][] = [];

async function main(): Promise<void> {
  const service = await Service.start(options.redis);
  try {
    await fill(service);
    const reads = await observed(service, 'reading', () => readRows(service, metrics));
    const datasetId = await service.uploadCsv(ROWS);
    const queued = await observed(service, 'posting', () => queueJobs(service, datasetId, jobs));
    const worker = await service.startWorker();
    const one = await observed(service, `${watchers} watch one`, () =>
      watchOne(service, watchers, queued.ids),
    );
    const held = queued.ids.slice(-watchers);
    const many = await observed(service, `${watchers} watch many`, () => watchMany(service, held));
    console.error(`The worker: ${residentMiB(worker.pid).toFixed(0)} MiB`);

    const requests = [...queued.timings, ...one.timings, ...many.timings, ...reads];
    const watched = [one, many].map((outcome) => watchedRow(outcome.watched));
    tell(requests.map(timingRow), watched);
    await checkPlans(service);
  } finally {
    await service.stop();
  }
}

async function fill(service: Service): Promise<void> {
  const store = await createStore({ url: service.databaseUrl, poolSize: 1 });
  const projectId = await store.projects.ensure('default');
  await store.close();
  const startedAt = performance.now();
  await fillWithRows(service.databaseUrl, projectId, { jobs: ended, metrics });
  console.error(`${metrics} metric rows: ${((performance.now() - startedAt) / 1000).toFixed(0)} s`);
}

/** Notes what the API's process was like during `work`. */
async function observed<T>({ api }: Service, what: string, work: () => Promise<T>): Promise<T> {
  await probe(api.pid);
  const [startedAt, used] = [performance.now(), cpuSeconds(api.pid)];
  const outcome = await work();
  const share = ((cpuSeconds(api.pid) - used) * 1000) / (performance.now() - startedAt);
  const resident = residentMiB(api.pid).toFixed(0);
  const { loop } = await probe(api.pid);
  const delays = [loop.p50, loop.p99, loop.max].map((ms) => ms.toFixed(1));
  processRows.push([what, resident, share.toFixed(2), ...delays]);
  return outcome;
}

function tell(requests: string[][], watched: string[][]): void {
  console.log(markdown(TIMING_HEADER, requests));
  console.log(`\n${markdown(WATCHED_HEADER, watched)}`);
  console.log(`\n${markdown(PROCESS_HEADER, processRows)}`);
  const queue = options.redis ? 'Redis' : 'Postgres';
  const machine = `${cpus().length} cores for servers and clients, Node ${process.versions.node}`;
  console.log(`\n${new Date().toISOString().slice(0, 10)}, ${machine}, queue in ${queue}, fsync on.`);
  if (watched.some((row) => row.slice(-2).some((count) => count !== '0'))) process.exitCode = 1;
}

/** Of statements sent by a store of our own: its connections are new, so that they are explained. */
async function checkPlans({ databaseUrl }: Service): Promise<void> {
  const plans = await Plans.of(databaseUrl);
  const store = await createStore({ url: databaseUrl, poolSize: 1 });
  const projectId = await store.projects.ensure('default');
  const faults: string[] = [];
  for (const [name, read] of HOT_READS) {
    const told = await plans.during(() => read(store, projectId));
    faults.push(...told.flatMap(faultsOf).map((fault) => `${name} ${fault}`));
  }
  await store.close();
  console.log(`\nOf ${HOT_READS.length} reads, these use no index or read too much: ${faults.length}`);
  for (const fault of faults) console.log(fault);
  if (faults.length > 0) process.exitCode = 1;
}

await main();
