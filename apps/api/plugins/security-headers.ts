import helmet from '@fastify/helmet';
import fastifyPlugin from 'fastify-plugin';

/** Answers are data, never pages: nothing in them may run or be framed. `/docs` has a policy of its own. */
export const securityHeaders = fastifyPlugin(async (app) => {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
    },
    // TLS ends before this service, if at all; whoever ends it decides on this.
    strictTransportSecurity: false,
  });
});

/** What the same comes to for an answer to an address that can’t be read: no hook runs before that. */
export const HEADERS_WITHOUT_HOOKS = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'SAMEORIGIN',
} as const;
