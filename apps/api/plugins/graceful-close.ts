import { finished } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import fastifyPlugin from 'fastify-plugin';
import { TrainyardError } from '../../../src/jobs/errors.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Aborts when the server begins to close: what would go on without end must end now. */
    closing: AbortSignal;
  }
}

/** Requests that are at work get so long to end. */
const GRACE_MS = 10_000;

/**
 * Closes every connection once no request is at work. Node alone would wait for those that were opened ahead
 * of need, as browsers do: as long as nothing was asked on them it doesn’t count them as idle. What is asked meanwhile
 * is refused: another instance, or the next, can take it.
 */
export const gracefulClose = fastifyPlugin(async (app) => {
  const closing = new AbortController();
  let atWork = 0;
  let allDone = (): void => {};
  app.decorate('closing', closing.signal);

  app.addHook('onRequest', async (_request, reply) => {
    atWork++;
    finished(reply.raw, () => {
      if (--atWork === 0) allDone();
    });
    if (closing.signal.aborted)
      throw new TrainyardError('unavailable', 'The service is stopping', { retryAfterSeconds: 5 });
  });
  app.addHook('preClose', async () => {
    closing.abort();
    const done = new Promise<void>((resolve) => {
      allDone = resolve;
    });
    if (atWork > 0) await Promise.race([done, sleep(GRACE_MS, undefined, { ref: false })]);
    app.server.closeAllConnections();
  });
});
