import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { diskFull, type ErrorCode, isDiskFull, TrainyardError } from '../../src/jobs/errors.ts';
import type { Problem } from '../../src/spec/resource/problem.ts';
import { isBrokenForm } from './broken-form.ts';
import { invalidRequest, isZodError } from './validator.ts';

/** One answer for everything that can go wrong: RFC 9457 problem+json. */
export function handleErrors(app: FastifyInstance): void {
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const refusal = asRefusal(error, request);
    // Work that was given up because its client hung up is no fault of ours.
    if (refusal.status >= 500 && !reply.raw.destroyed) request.log.error({ err: error }, 'request failed');
    return sendProblem(refusal, request, reply);
  });
  app.setNotFoundHandler((request, reply) =>
    sendProblem(new TrainyardError('notFound', `There is nothing at ${pathOf(request)}`), request, reply),
  );
}

/** Answers with a refusal. A 5xx that isn’t meant for the caller says nothing of what happened. */
export function sendProblem(
  refusal: TrainyardError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  if (refusal.retryAfterSeconds !== undefined) reply.header('retry-after', refusal.retryAfterSeconds);
  if (refusal.status === 401) reply.header('www-authenticate', 'Bearer realm="trainyard"');
  return reply
    .code(refusal.status)
    .type('application/problem+json')
    .serializer((problem: Problem) => JSON.stringify(problem))
    .send(problemOf(refusal, request.id));
}

function problemOf(refusal: TrainyardError, requestId: string): Problem {
  return {
    type: `/problems/${refusal.code}`,
    title: refusal.title,
    status: refusal.status,
    detail: refusal.message,
    instance: `urn:uuid:${requestId}`,
    code: refusal.code,
    ...(refusal.errors.length > 0 && { errors: [...refusal.errors] }),
  };
}

function asRefusal(error: FastifyError, request: FastifyRequest): TrainyardError {
  if (error instanceof TrainyardError) return error;
  if (isZodError(error)) {
    const part = (error as { validationContext?: string }).validationContext ?? 'body';
    return invalidRequest(error, part, request.routeOptions.config.invalidBody ?? 'invalidRequest');
  }
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500)
    return new TrainyardError(codeOf(status), error.message, { cause: error });
  if (isDiskFull(error)) return diskFull(error);
  if (isBrokenForm(error))
    return new TrainyardError('invalidRequest', 'The form breaks off, or its boundary isn’t right', {
      cause: error,
    });
  return new TrainyardError('internal', 'The fault was noted; give the instance when you report it', {
    cause: error,
  });
}

/** What Fastify itself refuses, by its status. */
function codeOf(status: number): ErrorCode {
  if (status === 404) return 'notFound';
  if (status === 413) return 'tooLarge';
  if (status === 415 || status === 406) return 'unsupportedMediaType';
  return 'invalidRequest';
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? '';
}
