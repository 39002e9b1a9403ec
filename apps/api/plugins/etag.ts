import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Sets the tag, and says whether the client has this version already: then the answer is 304, without a body.
 * Compares weakly, as RFC 9110 wants it for `If-None-Match`.
 */
export function isUnchanged(request: FastifyRequest, reply: FastifyReply, etag: string): boolean {
  reply.header('etag', etag).header('cache-control', 'private, no-cache');
  const held = request.headers['if-none-match'];
  if (held === undefined) return false;
  return held.trim() === '*' || held.split(',').some((tag) => opaque(tag) === opaque(etag));
}

function opaque(tag: string): string {
  return tag.trim().replace(/^W\//, '');
}
