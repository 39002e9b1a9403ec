import { ancestorsOf, deletedAncestor } from './lineage.ts';
import type { Store } from './ports.ts';
import type { JobRow, ModelRow, RunRow, StageRow } from './rows.ts';
import { leavesOf } from './spec-leaves.ts';

/** By the id of the job; one that has no such thing is left out. */
export type ByJob<T> = Record<string, T>;

export interface Comparison {
  readonly jobs: readonly ComparedJob[];
  /** The leaves of the specs that aren't the same in all, by JSON Pointer. */
  readonly spec: Record<string, ByJob<unknown>>;
  readonly metrics: Record<string, ComparedMetric>;
}

/** Where a job's result comes from. */
export interface ComparedJob {
  readonly job: JobRow;
  /** The models that it builds on, the nearest first. */
  readonly ancestors: readonly ModelRow[];
  /** The model that is deleted, and that the last of them was built on; null where none is missing. */
  readonly deletedAncestor: string | null;
  readonly runs: number;
  /** Of the latest run. */
  readonly device: string | null;
  /** From the first run's start to the job's end. */
  readonly durationSeconds: number | null;
  /** Optimizer updates of all stages. */
  readonly steps: number;
}

export interface ComparedMetric {
  readonly values: ByJob<number>;
  /** Less the first job's, of the others. */
  readonly deltas: ByJob<number>;
}

/** What differs between jobs in what was asked, in what came of it, and in what that comes from. */
export async function compareJobs(store: Store, jobs: readonly JobRow[]): Promise<Comparison> {
  const compared: ComparedJob[] = [];
  for (const job of jobs) compared.push(await describe(store, job));
  return { jobs: compared, spec: compareSpecs(jobs), metrics: compareMetrics(jobs) };
}

async function describe(store: Store, job: JobRow): Promise<ComparedJob> {
  const [runs, stages] = await Promise.all([store.runs.list(job.id), store.stages.list(job.id)]);
  const ancestors = await ancestorsOf(store, job);
  return {
    job,
    ancestors,
    deletedAncestor: deletedAncestor(job, ancestors),
    runs: runs.length,
    device: deviceOf(runs),
    durationSeconds: durationOf(job),
    steps: stages.reduce((sum, stage) => sum + stepsOf(stage, job), 0),
  };
}

function deviceOf(runs: readonly RunRow[]): string | null {
  return runs.findLast(({ device }) => device !== null)?.device ?? null;
}

function durationOf({ startedAt, finishedAt }: JobRow): number | null {
  return startedAt && finishedAt && (finishedAt.getTime() - startedAt.getTime()) / 1_000;
}

/** A stage's own count is known once it has ended. */
function stepsOf({ stage, status, steps }: StageRow, job: JobRow): number {
  return status === 'running' && stage === job.stage ? (job.step ?? 0) : steps;
}

export function compareSpecs(jobs: readonly Pick<JobRow, 'id' | 'spec'>[]): Comparison['spec'] {
  const leaves = jobs.map(({ spec }) => leavesOf(spec));
  const pointers = new Set(leaves.flatMap((of) => [...of.keys()]));
  return Object.fromEntries(
    [...pointers]
      .filter((pointer) => new Set(leaves.map((of) => JSON.stringify(of.get(pointer)))).size > 1)
      .map((pointer) => [
        pointer,
        Object.fromEntries(
          jobs.flatMap(({ id }, i) => (leaves[i]!.has(pointer) ? [[id, leaves[i]!.get(pointer)]] : [])),
        ),
      ]),
  );
}

export function compareMetrics(jobs: readonly Pick<JobRow, 'id' | 'metrics'>[]): Comparison['metrics'] {
  const names = [...new Set(jobs.flatMap(({ metrics }) => Object.keys(metrics)))].sort();
  return Object.fromEntries(names.map((name) => [name, compareMetric(name, jobs)]));
}

function compareMetric(name: string, jobs: readonly Pick<JobRow, 'id' | 'metrics'>[]): ComparedMetric {
  const measured = jobs.filter(({ metrics }) => metrics[name] !== undefined);
  const values = measured.map(({ id, metrics }) => [id, metrics[name]!] as const);
  const first = jobs[0]!.metrics[name];
  const others = first === undefined ? [] : values.filter(([id]) => id !== jobs[0]!.id);
  return {
    values: Object.fromEntries(values),
    deltas: Object.fromEntries(others.map(([id, value]) => [id, value - first!])),
  };
}
