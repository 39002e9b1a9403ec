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
