import fastifyPlugin from 'fastify-plugin';
import { TrainyardError } from '../../../src/jobs/errors.ts';
import { holdsStorable, UNSTORABLE } from '../../../src/spec/storable-text.ts';
import { findJsonFault } from '../json-fault.ts';

/** Deeper than any spec, shallower than any stack. */
export const MAX_DEPTH = 64;

/** Takes JSON bodies: refuses prototype keys and nesting bombs, and says where a malformed one goes wrong. */
export const jsonBody = fastifyPlugin(async (app) => {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser<string>('application/json', { parseAs: 'string' }, (request, text, done) => {
    if (depthOf(text) > MAX_DEPTH) {
      done(new TrainyardError('invalidRequest', `The body nests deeper than ${MAX_DEPTH} levels`), undefined);
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

/** How deeply arrays and objects nest, counted without parsing. */
function depthOf(text: string): number {
  let [depth, deepest, inString] = [0, 0, false];
  for (let i = 0; i < text.length && deepest <= MAX_DEPTH; i++) {
    const char = text[i];
    if (char === '"') inString = !inString;
    else if (inString) i += char === '\\' ? 1 : 0;
    else if (char === '{' || char === '[') deepest = Math.max(deepest, ++depth);
    else if (char === '}' || char === ']') depth--;
  }
  return deepest;
}
