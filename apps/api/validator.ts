import type { FastifySchemaCompiler } from 'fastify';
import { z } from 'zod';
import { type ErrorCode, TrainyardError } from '../../src/jobs/errors.ts';
import { PARSING, problemErrors } from './zod-issues.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The code of a body that doesn’t fit its schema; `invalidRequest` when left out. */
    invalidBody?: ErrorCode;
  }
}

/** Hands Zod’s error on as it is: its paths are needed whole, for the pointers. */
export const validatorCompiler: FastifySchemaCompiler<z.ZodType> = ({ schema }) => {
  return (data) => {
    const result = schema.safeParse(data, PARSING);
    return result.success ? { value: result.data } : { error: result.error };
  };
};

/** A body may have as many faults as it has fields: so many are told one by one, and the number of them all. */
const MOST_TOLD = 100;

/**
 * What Zod found wrong with a part of a request. Pointers lead into bodies; of a query, path or header
 * the detail says the name. `base` is where in the body the value stands.
 */
export function invalidRequest(
  error: z.ZodError,
  part: string,
  bodyCode: ErrorCode,
  base: readonly string[] = [],
): TrainyardError {
  const errors = problemErrors(error.issues, base);
  const first = errors[0] ?? { pointer: '', message: error.message };
  if (part !== 'body') {
    const place =
      part === 'querystring' ? 'query parameter' : part === 'params' ? 'path parameter' : 'header';
    return new TrainyardError('invalidRequest', `The ${place} “${first.pointer.slice(1)}”: ${first.message}`);
  }
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new TrainyardError(bodyCode, `${first.pointer || 'The body'}: ${first.message}${more}`, {
    errors: errors.slice(0, MOST_TOLD),
  });
}

export function isZodError(error: unknown): error is z.ZodError {
  return error instanceof z.ZodError;
}
