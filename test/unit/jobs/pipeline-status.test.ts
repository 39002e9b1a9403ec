import { describe, expect, it } from 'vitest';
import { pipelineStatus } from '../../../src/jobs/pipeline-status.ts';
import type { JobStatus } from '../../../src/spec/resource/job.ts';

const job = (status: JobStatus, startedAt: Date | null = null) => ({ status, startedAt });

describe('the status of a pipeline', () => {
  it.each([
    ['queued', ['queued', 'waiting']],
    ['running', ['running', 'waiting']],
    ['running', ['succeeded', 'queued']],
    ['running', ['failed', 'queued']],
    ['running', ['cancelling', 'queued']],
    ['cancelling', ['cancelling', 'cancelled']],
    ['succeeded', ['succeeded', 'succeeded']],
    ['failed', ['succeeded', 'failed', 'cancelled']],
    ['cancelled', ['succeeded', 'cancelled']],
  ] as [string, JobStatus[]][])('is %s where its jobs are %j', (expected, statuses) => {
    const started = (status: JobStatus) => (/ing$/.test(status) && status !== 'waiting' ? new Date() : null);
    expect(pipelineStatus(statuses.map((status) => job(status, started(status))))).toBe(expected);
  });

  it('is running once a job has begun, also while that is queued again', () => {
    expect(pipelineStatus([job('queued', new Date()), job('waiting')])).toBe('running');
  });
});
