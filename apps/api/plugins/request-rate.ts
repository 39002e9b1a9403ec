import rateLimit from '@fastify/rate-limit';
import type { FastifyReply, FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import type { ApiContext } from '../context.ts';

declare module 'fastify' {
  interface FastifyInstance {
    requestRate: RequestRate;
  }
}

/**
 * How many requests a minute are taken. Each minute begins with its first request. Counted by all API processes
 * together where there is a Redis, else by each for itself; while Redis is away nothing is counted, and all is let
 * through.
 */
export interface RequestRate {
  /**
   * Counts a request of the caller’s project, and says in the answer how many are left.
   * @throws TrainyardError tooManyRequests
   */
  count(request: FastifyRequest, reply: FastifyReply): Promise<void>;
  /** Counts a request that came without a valid key. @throws TrainyardError tooManyRequests */
  countFailure(request: FastifyRequest): Promise<void>;
  /** Whether more came from the request’s address without a valid key than may. */
  isGuessing(request: FastifyRequest): Promise<boolean>;
}

const WINDOW_MS = 60_000;

type Limiter = ReturnType<import('fastify').FastifyInstance['createRateLimit']>;
interface Standing {
  readonly max: number;
  readonly remaining: number;
  readonly isExceeded: boolean;
  readonly resetSeconds: number;
}

export const requestRate = fastifyPlugin<{ context: ApiContext }>(async (app, { context }) => {
  const { config, counters } = context;
  await app.register(rateLimit, {
    global: false,
    redis: counters?.client,
    nameSpace: 'trainyard:requests:',
    skipOnError: true,
  });
  const perProject =
    config.limits.requestsPerMinute === undefined
      ? undefined
      : app.createRateLimit({
          max: config.limits.requestsPerMinute,
          timeWindow: WINDOW_MS,
          keyGenerator: ({ caller }) => caller.projectId,
        });
  // By its address, of which one of IPv6 is a whole network of 64 bits.
  const failures = app.createRateLimit({ max: config.maxFailedKeysPerMinute, timeWindow: WINDOW_MS });

  app.decorate('requestRate', {
    async count(request, reply) {
      const standing = perProject && (await standingOf(perProject, request));
      if (standing === undefined) return;
      reply.headers({
        'ratelimit-limit': standing.max,
        'ratelimit-remaining': standing.remaining,
        'ratelimit-reset': standing.resetSeconds,
      });
      if (standing.isExceeded)
        throw tooMany(`The project may send ${standing.max} requests a minute`, standing);
    },

    async countFailure(request) {
      const standing = await standingOf(failures, request);
      if (standing?.isExceeded)
        throw tooMany('Too many requests without a valid key came from this address', standing);
    },

    async isGuessing(request) {
      const standing = await standingOf(failures, request, { increment: false });
      return standing?.isExceeded ?? false;
    },
  });
});

/** Undefined where it couldn’t be counted. */
async function standingOf(
  limiter: Limiter,
  request: FastifyRequest,
  options?: { increment: boolean },
): Promise<Standing | undefined> {
  const counted = await limiter(request, options);
  if (counted.isAllowed || counted.ttl <= 0) return undefined;
  return { ...counted, resetSeconds: counted.ttlInSeconds };
}

function tooMany(detail: string, { resetSeconds }: Standing): TrainyardError {
  return new TrainyardError('tooManyRequests', detail, { retryAfterSeconds: resetSeconds });
}
