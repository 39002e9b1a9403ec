import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import fastifyPlugin from 'fastify-plugin';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import type { ApiKeyRow } from '../../../src/jobs/rows.ts';
import type { Scope } from '../../../src/spec/resource/api-key.ts';
import type { ApiContext } from '../context.ts';

/** Who asks: every row that they see or make belongs to their project. */
export interface Caller {
  readonly projectId: string;
  readonly project: string;
  readonly scopes: readonly Scope[];
  /** May name other projects: the operator’s key, or anyone in open mode. */
  readonly operator: boolean;
}

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller;
  }
  interface FastifyContextConfig {
    /** What a key must allow; by the method when left out: reading for GET and HEAD, writing for the rest. */
    scope?: Scope;
  }
}

const DEFAULT_PROJECT = 'default';
const BEARER = /^Bearer +([\x21-\x7e]{1,512}) *$/i;
const LAST_USED_RESOLUTION_MS = 60_000;
const IMPLIED: Record<Scope, readonly Scope[]> = {
  read: ['read'],
  write: ['read', 'write'],
  admin: ['read', 'write', 'admin'],
};

/** Asks for an API key on every route of its scope, before the body is read. Register `requestRate` first. */
export const auth = fastifyPlugin<{ context: ApiContext }>(async (app, { context }) => {
  const { config, store } = context;
  const operatorHash = config.operatorKey === undefined ? undefined : hashOf(config.operatorKey);
  const operator: Caller = {
    projectId: await store.projects.ensure(DEFAULT_PROJECT),
    project: DEFAULT_PROJECT,
    scopes: ['admin'],
    operator: true,
  };

  app.decorateRequest('caller', null as unknown as Caller);
  app.addHook('onRequest', async (request, reply) => {
    request.caller = await identify(request);
    await app.requestRate.count(request, reply);
    requireScope(request.caller, request.routeOptions.config.scope ?? scopeOf(request.method));
  });

  /**
   * Keys are found by their hash: whoever times the search learns of hashes, and can’t choose a key by its hash. An
   * address that guesses is never compared with the operator’s key, the only one that a person has made up; projects’
   * keys are looked up all the same, or a client with an old key would lock out everyone behind its address.
   */
  async function identify(request: FastifyRequest): Promise<Caller> {
    const { authorization } = request.headers;
    if (authorization === undefined) {
      if (config.openMode) return operator;
      return refuse(request, 'Send an API key as “Authorization: Bearer ty_…”');
    }
    const secret = BEARER.exec(authorization)?.[1];
    if (secret === undefined) return refuse(request, 'The Authorization header isn’t a Bearer key');
    const hash = hashOf(secret);
    const key = await store.apiKeys.findByHash(hash.toString('hex'));
    if (key !== null) {
      noteUse(key, request);
      return { projectId: key.projectId, project: key.project, scopes: key.scopes, operator: false };
    }
    if (operatorHash !== undefined && !(await app.requestRate.isGuessing(request))) {
      if (timingSafeEqual(hash, operatorHash)) return operator;
    }
    return refuse(request, 'The API key isn’t known');
  }

  async function refuse(request: FastifyRequest, detail: string): Promise<never> {
    await app.requestRate.countFailure(request);
    throw new TrainyardError('unauthorized', detail);
  }

  /** Now and then is enough: a write a request would cost more than the request. */
  function noteUse(key: ApiKeyRow, request: FastifyRequest): void {
    if (Date.now() - (key.lastUsedAt?.getTime() ?? 0) < LAST_USED_RESOLUTION_MS) return;
    store.apiKeys
      .touch(key.id)
      .catch((error: unknown) => request.log.warn({ err: error }, 'key not touched'));
  }
});

/** How a secret is kept and looked up: SHA-256, as hex. Secrets are 32 random bytes, so no salt is needed. */
export function secretHash(secret: string): string {
  return hashOf(secret).toString('hex');
}

function hashOf(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

function scopeOf(method: string): Scope {
  return method === 'GET' || method === 'HEAD' ? 'read' : 'write';
}

function requireScope(caller: Caller, scope: Scope): void {
  if (caller.scopes.some((held) => IMPLIED[held].includes(scope))) return;
  throw new TrainyardError('forbidden', `The API key lacks the scope “${scope}”`);
}
