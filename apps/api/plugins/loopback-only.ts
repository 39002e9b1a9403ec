import { isIPv4 } from 'node:net';
import fastifyPlugin from 'fastify-plugin';
import { TrainyardError } from '../../../src/jobs/errors.ts';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Open mode asks for no key, so a web page must not be able to use the user’s browser as its hands:
 * a name that was rebound to 127.0.0.1 shows in `Host`, another site’s page in `Origin` and `Sec-Fetch-Site`.
 */
export const loopbackOnly = fastifyPlugin(async (app) => {
  app.addHook('onRequest', async (request) => {
    const host = request.headers.host ?? '';
    if (!isLoopbackHost(host)) {
      throw new TrainyardError(
        'forbidden',
        'Without API keys, only requests to a loopback address are taken',
      );
    }
    if (SAFE_METHODS.has(request.method)) return;
    const { origin, 'sec-fetch-site': site } = request.headers;
    const sameSite = site === undefined || site === 'same-origin' || site === 'none';
    if (!sameSite || (origin !== undefined && origin !== `http://${host}`)) {
      throw new TrainyardError('forbidden', 'Without API keys, other web pages may change nothing');
    }
  });
});

function isLoopbackHost(host: string): boolean {
  const name = host.replace(/:\d+$/, '').toLowerCase();
  return name === 'localhost' || name === '[::1]' || (isIPv4(name) && name.startsWith('127.'));
}
