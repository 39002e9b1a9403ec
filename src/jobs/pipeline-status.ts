import type { PipelineStatus } from '../spec/resource/pipeline.ts';
import { isTerminal } from './lifecycle.ts';
import type { JobRow } from './rows.ts';

/** How a pipeline stands follows from its jobs: one that failed makes it fail, once all have ended. */
export function pipelineStatus(jobs: readonly Pick<JobRow, 'status' | 'startedAt'>[]): PipelineStatus {
  const open = jobs.filter(({ status }) => !isTerminal(status));
  if (open.length === 0) return endOf(jobs);
  if (open.every(({ status }) => status === 'cancelling')) return 'cancelling';
  const hasBegun = jobs.some(({ status, startedAt }) => isTerminal(status) || startedAt !== null);
  return hasBegun ? 'running' : 'queued';
}

function endOf(jobs: readonly Pick<JobRow, 'status'>[]): PipelineStatus {
  const some = (wanted: string) => jobs.some(({ status }) => status === wanted);
  if (some('failed')) return 'failed';
  return some('cancelled') ? 'cancelled' : 'succeeded';
}
