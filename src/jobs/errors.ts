import { saysDiskFull } from '../spec/disk-full.ts';
import type { ProblemError } from '../spec/resource/problem.ts';

/** The catalogue: every way in which a request can be refused, with its HTTP status and title. */
export const ERRORS = {
  invalidRequest: [400, 'The request can’t be read'],
  unauthorized: [401, 'An API key is needed'],
  forbidden: [403, 'The API key’s scopes don’t allow this'],
  notFound: [404, 'There is no such thing'],
  methodNotAllowed: [405, 'This method isn’t offered here'],
  conflict: [409, 'The state doesn’t allow this'],
  tooManyWebhooks: [409, 'The project has as many webhooks as it may'],
  storageFull: [409, 'The project stores as much as it may'],
  datasetInUse: [409, 'A job still needs the data set'],
  modelInUse: [409, 'A job still needs the model'],
  idempotencyInFlight: [409, 'The first request with this key is still at work'],
  tooLarge: [413, 'The body is too large'],
  unsupportedMediaType: [415, 'This media type isn’t taken'],
  rangeNotSatisfiable: [416, 'The range lies outside of the content'],
  invalidSpec: [422, 'The spec isn’t valid'],
  invalidDataset: [422, 'The data can’t be used'],
  invalidUrl: [422, 'The address can’t be used'],
  invalidInput: [422, 'The input can’t be predicted on'],
  noPredictions: [422, 'The model predicts nothing of single inputs'],
  notStochastic: [422, 'The model has no dropout layer'],
  noTask: [422, 'The model predicts nothing'],
  invalidModel: [422, 'The model can’t be taken'],
  idempotencyMismatch: [422, 'This key was used with another request'],
  tooManyJobs: [429, 'The project has as many jobs as it may'],
  tooManyRequests: [429, 'Too many requests came within a minute'],
  internal: [500, 'Something went wrong on our side'],
  unavailable: [503, 'Not available right now'],
  diskFull: [507, 'The service’s disk is full'],
} as const satisfies Record<string, readonly [number, string]>;
export type ErrorCode = keyof typeof ERRORS;

/** A refusal that the caller is told of as it stands. */
export class TrainyardError extends Error {
  override readonly name = 'TrainyardError';
  readonly code: ErrorCode;
  readonly errors: readonly ProblemError[];
  readonly retryAfterSeconds: number | undefined;

  constructor(
    code: ErrorCode,
    detail: string,
    options: { errors?: readonly ProblemError[]; retryAfterSeconds?: number; cause?: unknown } = {},
  ) {
    super(detail, { cause: options.cause });
    this.code = code;
    this.errors = options.errors ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
  }

  get status(): number {
    return ERRORS[this.code][0];
  }

  get title(): string {
    return ERRORS[this.code][1];
  }
}

/** An address in the body's `url` that can't be asked, or doesn't answer as it should. */
export function urlRefused(message: string, cause?: unknown): TrainyardError {
  return new TrainyardError('invalidUrl', message, { errors: [{ pointer: '/url', message }], cause });
}

/** Whether an error says that the disk is full, be it the system’s own or one of ours. */
export function isDiskFull(error: unknown): boolean {
  return error instanceof TrainyardError ? error.code === 'diskFull' : saysDiskFull(error);
}

/** What a caller is told where there was no room for what they sent. */
export function diskFull(cause: unknown): TrainyardError {
  return new TrainyardError('diskFull', 'There is no room left to store it; the operator must make some', {
    retryAfterSeconds: 60,
    cause,
  });
}
