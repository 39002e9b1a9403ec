import fastifyPlugin from 'fastify-plugin';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import { jsonExcess } from '../../../src/spec/json-excess.ts';
import { holdsStorable, UNSTORABLE } from '../../../src/spec/storable-text.ts';
import { findJsonFault } from '../json-fault.ts';

/** Deeper than any spec, shallower than any stack. */
export const MAX_DEPTH = 64;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** How many objects, lists and fields a body may have together, where that is more than of any spec. */
    mostParts?: number;
  }
}

/** More than a topology of 2,000 layers has. */
const MOST_PARTS = 150_000;

/** Takes JSON bodies: refuses prototype keys, nesting bombs and swarms, and says where a malformed one goes wrong. */
export const jsonBody = fastifyPlugin(async (app) => {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    const parts = request.routeOptions.config.mostParts ?? MOST_PARTS;
    const excess = jsonExcess(text, { levels: MAX_DEPTH, parts });
    if (excess !== undefined) {
      done(new TrainyardError('invalidRequest', `The body ${excess}`), undefined);
      return;
    }
    parse(request, text, (error, value) => {
      if (error === null && holdsStorable(text, value)) done(null, value);
      else if (error === null)
        done(new TrainyardError('invalidRequest', `The body’s ${UNSTORABLE}`), undefined);
      else done(new TrainyardError('invalidRequest', describe(text), { cause: error }), undefined);
    });
  });
});

function describe(text: string): string {
  if (text.trim() === '') return 'The body is empty; JSON is needed';
  const fault = findJsonFault(text);
  if (fault === undefined) return 'A key that would reach for a prototype isn’t taken';
  const before = text.slice(0, fault.position).split('\n');
  const line = before.length;
  const column = (before.at(-1)?.length ?? 0) + 1;
  return `The body isn’t JSON: ${fault.message} at position ${fault.position} (line ${line}, column ${column})`;
}
