import { DataError } from '../../src/data/data-error.ts';
import { BackendUnavailableError } from '../../src/engine/backends/port.ts';
import { DivergedError } from '../../src/engine/train/diverged.ts';
import { SafetensorsError } from '../../src/safetensors.ts';
import { saysDiskFull } from '../../src/spec/disk-full.ts';
import type { Failure } from '../../src/spec/failure.ts';
import { ShapeError } from '../../src/spec/shapes.ts';

/** What an error inside a trainer means to the user. Only messages that were written for users are told. */
export function failureOf(error: unknown): Failure {
  if (error instanceof DivergedError) {
    const { message, stage, step, layer } = error;
    return { code: 'diverged', message, retryable: false, stage, step, layer };
  }
  if (error instanceof DataError || error instanceof ShapeError) {
    return { code: 'invalidData', message: error.message, retryable: false };
  }
  if (error instanceof BackendUnavailableError) {
    return { code: 'deviceUnavailable', message: error.message, retryable: true };
  }
  if (saysDiskFull(error)) {
    return { code: 'storage', message: 'The disk is full: a file could not be written', retryable: true };
  }
  if (error instanceof SafetensorsError || isFileError(error)) {
    return {
      code: 'storage',
      message: 'A file could not be read or written; see the run’s log',
      retryable: true,
    };
  }
  if (isOutOfMemory(error)) {
    const message = 'The trainer ran out of memory; a smaller batch or model needs less';
    return { code: 'outOfMemory', message, retryable: false };
  }
  return {
    code: 'bug',
    message: 'Training failed for a reason of ours; see the run’s log',
    retryable: false,
  };
}

/** Whether the job's spec or data brought the failure about, and its message says all. */
export function isTheJobs({ code }: Failure): boolean {
  return code === 'diverged' || code === 'invalidData';
}

/** JavaScript's own ways of saying it, and those of a WebAssembly module whose allocations fail. */
export function isOutOfMemory(error: unknown): boolean {
  if (error instanceof RangeError) return /allocation|memory|array length|typed array/i.test(error.message);
  if (!(error instanceof Error) || error.name !== 'RuntimeError') return false;
  return /out of bounds|out of memory|unreachable|aborted/i.test(error.message);
}

function isFileError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
