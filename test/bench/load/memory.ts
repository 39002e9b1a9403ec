import { cpus } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { jobSpec, ROWS } from '../../api-server.ts';
import { markdown } from '../figures.ts';
import { probe, residentMiB } from './measure.ts';
import { Service, type WorkerProcess } from './service.ts';
import { slope } from './statistics.ts';
import { Watcher } from './watcher.ts';

/**
 * Small jobs, one after another, each with a watcher, polls and a prediction, through the built service; tells the
 * resident memory of its processes every five minutes, and by how much it grows.
 *
 *     npm run bench:memory -- [--minutes 60] [--warm-up 10] [--redis]
 */
const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    'warm-up': { type: 'string', default: '10' },
    redis: { type: 'boolean', default: false },
  },
});

const MINUTE_MS = 60_000;
const SAMPLE_MS = 5_000;
const TELL_MINUTES = 5;
const PROCESSES = ['API', 'worker', 'predictor'] as const;

interface Sample {
  /** Since the start. */
  readonly minute: number;
  readonly jobs: number;
  /** In MiB, as `PROCESSES` lists them. */
  readonly resident: readonly number[];
}

async function main(): Promise<void> {
  const service = await Service.start(options.redis);
  try {
    const worker = await service.startWorker();
    await measure(service, worker);
  } finally {
    await service.stop();
  }
}

async function measure(service: Service, worker: WorkerProcess): Promise<void> {
  const pids = [service.api.pid, worker.pid, worker.predictorPid];
  const startedAt = Date.now();
  const [minutes, warmUp] = [Number(options.minutes), Number(options['warm-up'])];
  const samples: Sample[] = [];
  let jobs = 0;
  const sampling = setInterval(() => {
    const minute = (Date.now() - startedAt) / MINUTE_MS;
    samples.push({ minute, jobs, resident: pids.map(residentMiB) });
    if (isToBeTold(samples)) console.error(rowOf(samples.at(-1)!).join(' | '));
  }, SAMPLE_MS);

  const datasetId = await service.uploadCsv(ROWS);
  const runUntil = async (minute: number) => {
    for (; Date.now() < startedAt + minute * MINUTE_MS; jobs++) await smallJob(service, datasetId);
  };
  try {
    await runUntil(warmUp);
    const warm = await heaps(pids);
    await runUntil(minutes);
    report(samples, warm, await heaps(pids));
  } finally {
    clearInterval(sampling);
  }
}

/** One job as someone may use it, from posting it to asking its model. */
async function smallJob(service: Service, datasetId: string): Promise<void> {
  const posted = JSON.parse((await service.post('/v1/jobs', jobSpec(datasetId))).body);
  const watcher = await Watcher.open(service, posted.id);
  const ended = watcher.ended.then(() => 'ended');
  let etag = '';
  while ((await Promise.race([ended, sleep(250, 'waits')])) === 'waits') {
    const answer = await service.get(`/v1/jobs/${posted.id}`, { 'if-none-match': etag });
    etag = String(answer.headers.etag ?? '');
  }
  const job = JSON.parse((await service.get(`/v1/jobs/${posted.id}`)).body);
  if (job.status !== 'succeeded') throw new Error(`A job ended as ${job.status}`);
  const { lost, doubled } = watcher.faults;
  if (lost + doubled > 0) throw new Error(`A watcher lost ${lost} events and was told ${doubled} twice`);
  await service.get(`/v1/jobs/${job.id}/metrics`);
  const { status } = await service.post(`/v1/models/${job.modelId}/predictions`, { inputs: [{ x: 3 }] });
  if (status !== 200) throw new Error(`A prediction was answered ${status}`);
}

async function heaps(pids: readonly number[]): Promise<number[]> {
  return Promise.all(pids.map(async (pid) => (await probe(pid)).heap));
}

function isToBeTold(samples: readonly Sample[]): boolean {
  const [before, now] = samples.slice(-2).map(({ minute }) => Math.floor(minute / TELL_MINUTES));
  return samples.length > 1 && before !== now;
}

function rowOf({ minute, jobs, resident }: Sample): string[] {
  return [minute.toFixed(0), String(jobs), ...resident.map((mib) => mib.toFixed(1))];
}

function report(samples: readonly Sample[], warm: readonly number[], end: readonly number[]): void {
  const told = samples.filter((_, i) => isToBeTold(samples.slice(0, i + 1)));
  const header = ['minute', 'jobs', ...PROCESSES.map((name) => `${name} (MiB resident)`)];
  console.log(markdown(header, told.map(rowOf)));

  const steady = samples.filter(({ minute }) => minute >= Number(options['warm-up']));
  const rows = PROCESSES.map((name, i) => {
    const growth = slope(steady.map(({ minute, resident }) => [minute / 60, resident[i]!] as const));
    const resident = steady.map((sample) => sample.resident[i]!);
    const [least, most] = [Math.min(...resident), Math.max(...resident)];
    const figures = [growth, least, most, warm[i]!, end[i]!];
    return [name, ...figures.map((mib) => mib.toFixed(1))];
  });
  const titles = ['after the warm-up', 'growth (MiB/h)', 'least', 'most', 'heap then', 'heap at the end'];
  console.log(`\n${markdown(titles, rows)}`);
  const machine = `${cpus().length} cores, Node ${process.versions.node}`;
  const queue = options.redis ? 'Redis' : 'Postgres';
  console.log(`\n${new Date().toISOString().slice(0, 10)}, ${machine}, queue in ${queue}`);
}

await main();
