import type { FastifyInstance, HTTPMethods } from 'fastify';
import { TrainyardError } from '../../../src/jobs/errors.ts';

const METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/**
 * Answers 405 with `Allow` where a documented path exists but not with this method. Call it before the routes are
 * registered, and what it returns after.
 */
export function refuseOtherMethods(app: FastifyInstance): () => void {
  const offered = new Map<string, Set<string>>();
  app.addHook('onRoute', ({ url, method, schema }) => {
    if ((schema as { hide?: boolean } | undefined)?.hide) return;
    const methods = offered.get(url) ?? new Set();
    offered.set(url, methods);
    for (const one of [method].flat()) methods.add(one);
  });
  return () => {
    for (const [url, methods] of [...offered]) {
      const allow = [...methods].join(', ');
      const refused = METHODS.filter((method) => !methods.has(method));
      if (refused.length > 0) refuse(app, url, refused, allow);
    }
  };
}

function refuse(app: FastifyInstance, url: string, method: HTTPMethods[], allow: string): void {
  const answer = (): never => {
    throw new TrainyardError('methodNotAllowed', `Here only ${allow} is offered`);
  };
  app.route({
    method,
    url,
    schema: { hide: true },
    // Before the body is read: whatever it is, it won’t be used.
    onRequest: async (_request, reply) => {
      reply.header('allow', allow);
      answer();
    },
    handler: answer,
  });
}
