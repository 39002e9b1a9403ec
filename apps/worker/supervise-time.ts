import type { Timings } from '../../src/config.ts';
import type { RunStore } from '../../src/jobs/ports.ts';
import type { Claim } from '../../src/jobs/run-service.ts';
import type { Logger } from '../../src/logger.ts';
import type { Failure } from '../../src/spec/failure.ts';
import { every } from './every.ts';
import type { TrainerProcess } from './trainer-process.ts';

interface Options {
  readonly claim: Claim;
  readonly supervision: {
    readonly store: { readonly runs: Pick<RunStore, 'heartbeat'> };
    readonly timings: Timings;
  };
  readonly trainer: Pick<TrainerProcess, 'askToStop' | 'kill'>;
  readonly drain: AbortSignal;
  readonly logger: Logger;
}

export interface TimeSupervision {
  /** The trainer spoke. */
  heard(): void;
  /** What ended the trainer, where it was this supervision and not the trainer itself. */
  verdict(): { type: 'stopped' } | { type: 'failed'; failure: Failure } | null;
  fenceLost(): boolean;
  end(): void;
}

/**
 * Everything about a run that time decides: renews its heartbeat and hears by it that the job is to stop; asks
 * the trainer to, and kills it after the grace; bounds the job's time and the trainer's silence.
 */
export function superviseTime({ claim, supervision, trainer, drain, logger }: Options): TimeSupervision {
  const { store, timings } = supervision;
  const { job, run } = claim;
  let heardAt = Date.now();
  let verdict: ReturnType<TimeSupervision['verdict']> = null;
  let fenceLost = false;
  let grace: NodeJS.Timeout | undefined;

  function askToStop(): void {
    if (grace) return;
    trainer.askToStop();
    grace = setTimeout(() => {
      verdict = { type: 'stopped' };
      trainer.kill();
    }, timings.cancelGraceMs);
  }

  function endBy(failure: Failure): void {
    verdict ??= { type: 'failed', failure };
    trainer.kill();
  }

  async function beat(): Promise<void> {
    try {
      const status = await store.runs.heartbeat(run.id, run.fence);
      fenceLost ||= status === null;
      if (fenceLost) trainer.kill();
      else if (status === 'cancelling' || status === 'pausing') askToStop();
    } catch (err) {
      logger.warn({ err }, 'The heartbeat could not be renewed; training goes on');
    }
  }

  function checkLimits(): void {
    const { maxSeconds } = job.spec.limits;
    const seconds = (claim.spentMs + Date.now() - run.startedAt.getTime()) / 1000;
    if (maxSeconds !== undefined && seconds > maxSeconds) {
      endBy({
        code: 'timeout',
        message: `The job took longer than its limit of ${maxSeconds} s`,
        retryable: false,
      });
    }
    if (Date.now() - heardAt > timings.trainerSilenceMs) {
      const seconds = Math.round(timings.trainerSilenceMs / 1000);
      endBy({ code: 'hung', message: `The trainer was silent for ${seconds} s`, retryable: true });
    }
  }

  const heartbeat = every(timings.heartbeatMs, beat, () => {});
  const limits = setInterval(checkLimits, timings.heartbeatMs);
  if (drain.aborted) askToStop();
  drain.addEventListener('abort', askToStop);

  return {
    heard: () => {
      heardAt = Date.now();
    },
    verdict: () => verdict,
    fenceLost: () => fenceLost,
    end: () => {
      heartbeat.stop();
      clearInterval(limits);
      clearTimeout(grace);
      drain.removeEventListener('abort', askToStop);
    },
  };
}
