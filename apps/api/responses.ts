import { z } from 'zod';
import { ERRORS, type ErrorCode } from '../../src/jobs/errors.ts';
import { Problem } from '../../src/spec/resource/problem.ts';

/** What every operation that asks for a key may answer. */
const COMMON: readonly ErrorCode[] = [
  'invalidRequest',
  'unauthorized',
  'forbidden',
  'tooManyRequests',
  'internal',
  'unavailable',
];

interface ProblemResponse {
  description: string;
  content: { 'application/problem+json': { schema: typeof Problem } };
}
type StatusOf<Code extends ErrorCode> = (typeof ERRORS)[Code][0];
type Problems<Code extends ErrorCode> = Record<StatusOf<Code>, ProblemResponse>;

/** The problems that an operation may answer, for its `response` schema: its own and the common ones. */
export function problems<Code extends ErrorCode>(...codes: Code[]): Problems<Code> {
  return declare([...COMMON, ...codes]) as Problems<Code>;
}

/** The problems of an operation that anyone may call. */
export function publicProblems<Code extends ErrorCode>(...codes: Code[]): Problems<Code> {
  return declare(['internal', ...codes]) as Problems<Code>;
}

/** An answer without a body. */
export const NoContent = z.undefined().meta({ description: 'Done; there is no body.' });

/** Of an answer about a job that was just asked for something: it has hardly changed before this. */
export const POLL_AFTER_SECONDS = 1;

function declare(codes: readonly ErrorCode[]): Record<number, ProblemResponse> {
  const statuses = new Set(codes.map((code) => ERRORS[code][0]));
  return Object.fromEntries([...statuses].map((status) => [status, describe(status, codes)]));
}

function describe(status: number, codes: readonly ErrorCode[]): ProblemResponse {
  const same = [...new Set(codes)].filter((code) => ERRORS[code][0] === status);
  return {
    description: same.map((code) => `\`${code}\`: ${ERRORS[code][1]}`).join('; '),
    content: { 'application/problem+json': { schema: Problem } },
  };
}
