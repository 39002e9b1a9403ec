import type { Store } from '../../src/jobs/ports.ts';
import type { JobRow } from '../../src/jobs/rows.ts';
import { jobId } from '../many-rows.ts';

type Read = (store: Store, projectId: string) => Promise<unknown>;

const page = { limit: 50 };
const ENDED = jobId(50_000);

/** What a service is asked for all the time: by whoever watches, lists and compares, by the worker, by each request. */
export const HOT_READS: [name: string, read: Read][] = [
  ['a curve of a tenth of all points', ({ metrics }) => metrics.read(jobId(1), { maxPoints: 1_000 })],
  ['a curve of a hundredth of all points', ({ metrics }) => metrics.read(jobId(2), { maxPoints: 1_000 })],
  ['a short curve', ({ metrics }) => metrics.read(jobId(3), { maxPoints: 1_000 })],
  ['a job’s curves', ({ metrics }) => metrics.read(jobId(9), { maxPoints: 100 })],
  ['one of a job’s curves', ({ metrics }) => metrics.read(jobId(9), { name: 'loss', maxPoints: 100 })],
  ['a stage’s curves', ({ metrics }) => metrics.read(jobId(9), { stage: 1, maxPoints: 100 })],
  ['the curves of a job without any', ({ metrics }) => metrics.read(ENDED, { maxPoints: 100 })],
  ['a job', ({ jobs }, projectId) => jobs.get(ENDED, projectId)],
  ['jobs', ({ jobs }, projectId) => jobs.list(projectId, {}, page)],
  ['the last of all jobs', lastJobs],
  [
    'jobs of a status that many have',
    ({ jobs }, projectId) => jobs.list(projectId, { status: 'failed' }, page),
  ],
  [
    'jobs of a status that none has',
    ({ jobs }, projectId) => jobs.list(projectId, { status: 'running' }, page),
  ],
  ['jobs of a frequent name', ({ jobs }, projectId) => jobs.list(projectId, { name: 'job 3' }, page)],
  ['jobs of a rare name', ({ jobs }, projectId) => jobs.list(projectId, { name: 'rare' }, page)],
  ['jobs of a name that none has', ({ jobs }, projectId) => jobs.list(projectId, { name: 'none' }, page)],
  ['jobs of a frequent label', ({ jobs }, projectId) => jobs.list(projectId, { label: 'kind:common' }, page)],
  ['jobs of a rare label', ({ jobs }, projectId) => jobs.list(projectId, { label: 'kind:rare' }, page)],
  ['jobs of a label that none has', ({ jobs }, projectId) => jobs.list(projectId, { label: 'a:b' }, page)],
  [
    'jobs of a name, status and label',
    ({ jobs }, projectId) =>
      jobs.list(projectId, { name: 'rare', status: 'failed', label: 'kind:rare' }, page),
  ],
  ['how many jobs run', ({ jobs }, projectId) => jobs.count(projectId, ['running', 'pausing', 'cancelling'])],
  ['how many jobs are queued', ({ jobs }, projectId) => jobs.count(projectId, ['queued', 'waiting'])],
  ['jobs that are queued for long', sweptJobs],
  ['jobs whose run is silent', ({ jobs }) => jobs.silentSince(new Date(), 100)],
  ['a locked job', ({ transaction }) => transaction(({ jobs }) => jobs.lock(ENDED))],
  ['jobs that wait for a job', ({ transaction }) => transaction(({ jobs }) => jobs.lockWaiting(ENDED))],
  [
    'jobs that failed with a job',
    ({ transaction }) => transaction(({ jobs }) => jobs.lockFailedWaiting(ENDED)),
  ],
  ['events', ({ events }) => events.list(ENDED, 0, 100)],
  ['no new events', ({ events }) => events.list(ENDED, 5, 100)],
  ['runs', ({ runs }) => runs.list(ENDED)],
  ['a run’s heartbeat', ({ runs }) => runs.heartbeat(`run_${ENDED}`, 1)],
  ['stages', ({ stages }) => stages.list(ENDED)],
  ['checkpoints', ({ checkpoints }) => checkpoints.list(ENDED)],
  ['artifacts', ({ artifacts }) => artifacts.list(ENDED)],
  ['an artifact', ({ artifacts }) => artifacts.get(ENDED, 'model.safetensors')],
  ['models', ({ models }, projectId) => models.list(projectId, {}, page)],
  ['models of a rare name', ({ models }, projectId) => models.list(projectId, { name: 'rare' }, page)],
  ['a job’s models', ({ models }, projectId) => models.list(projectId, { job: ENDED }, page)],
  ['a model’s children', ({ models }, projectId) => models.list(projectId, { parent: 'mdl_1' }, page)],
  ['whether a blob is used', ({ blobInUse }) => blobInUse(`model ${ENDED}`)],
];

async function lastJobs({ jobs }: Store, projectId: string): Promise<void> {
  const first = await jobs.list(projectId, {}, { limit: 1 });
  const [at] = JSON.parse(Buffer.from(first.nextCursor!, 'base64url').toString());
  const cursor = Buffer.from(JSON.stringify([at + 99_000 * 60_000, ''])).toString('base64url');
  await jobs.list(projectId, {}, { ...page, cursor });
}

/** As the sweeper reads them: page by page. */
async function sweptJobs({ jobs }: Store): Promise<void> {
  let last: JobRow | undefined;
  do last = (await jobs.queuedBefore(new Date(), 100, last)).at(-1);
  while (last);
}
