import type { IncomingMessage } from 'node:http';
import fastifyPlugin from 'fastify-plugin';

/** So long what a client still sends is thrown away, that it may read the refusal before the connection goes. */
const LINGER_MS = 2_000;

/** Ends requests that are refused without their bodies having been read to the end. */
export const linger = fastifyPlugin(async (app) => {
  app.addHook('onSend', async ({ raw }, reply) => {
    // Fastify closes on a body that is too large: at once, with the refusal still on its way.
    if (reply.statusCode >= 400 && !raw.complete) reply.removeHeader('connection');
  });
  app.addHook('onResponse', async ({ raw }) => {
    if (!raw.complete) hangUpSoon(raw);
  });
});

function hangUpSoon(request: IncomingMessage): void {
  request.unpipe();
  request.resume();
  const timer = setTimeout(() => request.destroy(), LINGER_MS).unref();
  request.once('close', () => clearTimeout(timer));
}
