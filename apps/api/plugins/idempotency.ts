import fastifyPlugin from 'fastify-plugin';
import { TrainyardError } from '../../../src/jobs/errors.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The `Idempotency-Key` header, where the request has one. */
    idempotencyKey: string | undefined;
  }
  interface FastifyReply {
    /** Says that the answer is an earlier one, brought back by its key. */
    replayed(replayed: boolean): FastifyReply;
  }
}

/** Reads the idempotency key. What it does is the services’ business, in the transaction that creates. */
export const idempotency = fastifyPlugin(async (app) => {
  app.decorateRequest('idempotencyKey', undefined);
  app.decorateReply('replayed', function (replayed) {
    return replayed ? this.header('idempotency-replayed', 'true') : this;
  });
  app.addHook('onRequest', async (request) => {
    const key = request.headers['idempotency-key'];
    if (key === undefined) return;
    if (typeof key !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw new TrainyardError('invalidRequest', 'An Idempotency-Key has 1 to 255 visible ASCII characters');
    }
    request.idempotencyKey = key;
  });
});
