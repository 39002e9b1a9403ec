import { isTerminal } from '../../jobs/lifecycle.ts';
import { JobStatus } from '../../spec/resource/job.ts';

/** The statuses of jobs that still need what they name. */
export const NOT_ENDED = JobStatus.options.filter((status) => !isTerminal(status));
