import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { type FSWatcher, watch } from 'node:fs';
import { access, mkdir, readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { RunRow } from '../../src/jobs/rows.ts';
import { Dice } from '../fuzz/dice.ts';
import { TestService } from '../integration/service.ts';
import { trainerOf } from '../processes.ts';
import { filesOf, type Outcome, outcomeOf, PATIENCE, runsOf, straightOutcome } from './one-job.ts';
import { regression } from './specs.ts';

/**
 * SIGKILL in the moments of a checkpoint: as its file is written, as it is taken into the blobs, and as it has its
 * name there and no row yet. Which moment, of which checkpoint, whom it strikes and how late follow from a seed.
 */
const STRIKES = Number(process.env.TRAINYARD_CHAOS_STRIKES ?? 6);
const SEED = Number(process.env.TRAINYARD_CHAOS_SEED ?? 1);
/** Each is a fault, and the pause before the next run doubles with each. */
const STRIKES_A_JOB = 3;
const BY_STRIKES = new Set(['workerLost', 'trainerKilled']);
const MOMENTS = ['written', 'taken', 'named'] as const;
type Moment = (typeof MOMENTS)[number];

let service: TestService;
let worker: ChildProcess;
let projectId: string;
let datasetId: string;
let straight: Outcome;
const dice = new Dice('strikes', SEED);
const blobFolders = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'));

const spec = () =>
  regression(datasetId, 40, {
    checkpoint: { everySteps: 20 },
    retries: 20,
  });

beforeAll(async () => {
  // Where much is at work a heartbeat may come late, and a run be given up that no strike hit.
  service = await TestService.start({ TRAINYARD_LEASE_MS: '5000' });
  for (const folder of blobFolders) await mkdir(join(service.home, 'blobs', folder), { recursive: true });
  worker = await service.startWorker();
  ({ projectId, datasetId } = await service.upload('concrete.csv'));
  straight = await straightOutcome(service, projectId, spec());
});
afterAll(() => service.stop());

/** The run that is at a job, once its trainer is started. */
async function liveRun(jobId: string, runsBefore: number): Promise<RunRow> {
  let run: RunRow | undefined;
  await service.until(
    jobId,
    async () => {
      run = (await runsOf(service, jobId))[runsBefore];
      const folder = run && join(service.home, 'work', run.workerId, run.id);
      return (
        folder !== undefined &&
        access(folder).then(
          () => true,
          () => false,
        )
      );
    },
    PATIENCE,
  );
  return run!;
}

/** Resolves at the `nth` time that a file appears in one of the folders. */
function appearance(folders: readonly string[], isMeant: (name: string) => boolean, nth: number) {
  const watchers: FSWatcher[] = [];
  const seen = new Set<string>();
  const appeared = new Promise<void>((resolve) => {
    for (const folder of folders) {
      const watcher = watch(folder, (type, name) => {
        if (type !== 'rename' || name === null || !isMeant(name)) return;
        seen.add(name);
        if (seen.size === nth) resolve();
      });
      watcher.on('error', () => {});
      watchers.push(watcher);
    }
  });
  return { appeared, close: () => watchers.map((watcher) => watcher.close()) };
}

function moment(what: Moment, { workerId, id }: RunRow, nth: number) {
  const blobs = join(service.home, 'blobs');
  if (what === 'written')
    return appearance(
      [join(service.home, 'work', workerId, id)],
      (name) => name.startsWith('checkpoint'),
      nth,
    );
  if (what === 'taken') return appearance([join(blobs, 'tmp')], () => true, nth);
  return appearance(
    blobFolders.map((folder) => join(blobs, folder)),
    () => true,
    nth,
  );
}

async function strike(run: RunRow, what: Moment): Promise<void> {
  const { appeared, close } = moment(what, run, 1 + dice.below(6));
  const victim = what === 'named' || dice.chance(0.6) ? 'worker' : 'trainer';
  const delayMs = dice.below(6);
  const trainer = await vi.waitUntil(() => trainerOf(worker).catch(() => 0), { timeout: 120_000 });
  await appeared;
  close();
  if (delayMs > 0) await sleep(delayMs);
  if (victim === 'trainer') return void process.kill(trainer, 'SIGKILL');
  const exit = once(worker, 'exit');
  worker.kill('SIGKILL');
  await exit;
  worker = await service.startWorker();
}

async function unusedBlobs(): Promise<string[]> {
  return service.context.store.unusedBlobs((await filesOf(service.home)).blobs);
}

async function makeOld(): Promise<void> {
  const longAgo = new Date(Date.now() - 2 * 3_600_000);
  const blobs = join(service.home, 'blobs');
  for (const file of await readdir(blobs, { recursive: true, withFileTypes: true })) {
    if (file.isFile()) await utimes(join(file.parentPath, file.name), longAgo, longAgo);
  }
}

it(
  `${STRIKES} strikes in the moments of a checkpoint change nothing of what jobs leave`,
  async () => {
    const struck: Record<Moment, number> = { written: 0, taken: 0, named: 0 };
    while (Object.values(struck).reduce((sum, count) => sum + count) < STRIKES) {
      const job = await service.create(projectId, spec());
      for (let run = 0; run < STRIKES_A_JOB; run++) {
        const what = dice.pick(MOMENTS);
        await strike(await liveRun(job.id, run), what);
        struck[what]++;
      }
      const ended = await service.untilEnded(job.id, PATIENCE);
      const failures = (await runsOf(service, job.id)).flatMap(({ failure }) => failure?.code ?? []);
      expect(new Set(failures)).toEqual(new Set(failures.filter((code) => BY_STRIKES.has(code))));
      expect(failures.length).toBeGreaterThanOrEqual(STRIKES_A_JOB);
      expect(ended.status).toBe('succeeded');
      expect(await outcomeOf(service, ended)).toEqual(straight);
      const checkpoints = await service.context.store.checkpoints.list(job.id);
      for (const { blobKey } of checkpoints) await service.context.blobs.localPath(blobKey);
    }
    const left = { unused: (await unusedBlobs()).length, ...(await filesOf(service.home)) };
    console.log(
      `strikes ${JSON.stringify(struck)}; left by them: ${left.unused} blobs without a row, ` +
        `${left.unfinished.length} half-written files, ${left.work.length} files in work folders`,
    );

    await makeOld();
    await service.startWorker({ TRAINYARD_TIDY_MS: '300' });
    const cleared = { unused: [] as string[], unfinished: [] as string[], work: [] as string[] };
    await expect
      .poll(
        async () => {
          const { unfinished, work } = await filesOf(service.home);
          return { unused: await unusedBlobs(), unfinished, work };
        },
        { timeout: 30_000 },
      )
      .toEqual(cleared);
    const { store, blobs } = service.context;
    const { data: models } = await store.models.list(projectId, {}, { limit: 100 });
    for (const { blobKey } of models) await blobs.localPath(blobKey);
  },
  STRIKES * 60_000,
);
