import type { Dice } from './dice.ts';
import { fromSchema, type Schema } from './from-schema.ts';
import { type Known, PREDICTIONS, validPipelines, validSpecs } from './specs.ts';
import { ADDRESSES, datasetBody, modelBody } from './uploads.ts';
import { anyValue, mutated, mutatedText, TEXTS } from './values.ts';

/** What the document says of one operation. */
export interface Operation {
  readonly method: string;
  readonly path: string;
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}

export interface Document {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Omit<Operation, 'method' | 'path'>>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

export interface FuzzRequest {
  readonly operationId: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

export function operationsOf({ paths }: Document): Operation[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ ...operation, method: method.toUpperCase(), path })),
  );
}

/** Made of the document, of specs that were valid, and of what never is. */
export function requestFor(
  { operations, document, key }: { operations: readonly Operation[]; document: Document; key: string },
  known: Known,
  dice: Dice,
): FuzzRequest {
  const operation = dice.weighted(operations.map((each) => [weightOf(each), each] as const));
  const { payload, headers } = bodyOf(operation, document, known, dice);
  return {
    operationId: operation.operationId,
    method: dice.chance(0.01) ? dice.pick(['PUT', 'PATCH', 'DELETE', 'OPTIONS', 'HEAD']) : operation.method,
    path: pathOf(operation, known, dice) + queryOf(operation, document, known, dice),
    headers: {
      ...(dice.chance(0.98) && { authorization: `Bearer ${key}` }),
      ...headers,
      ...extraHeaders(dice),
    },
    body: payload,
  };
}

/** Bodies are where most can go wrong; and what is deleted can’t be asked for any more. */
function weightOf({ method, requestBody }: Operation): number {
  if (requestBody !== undefined) return 6;
  return method === 'DELETE' ? 0.3 : 1;
}

function pathOf({ path }: Operation, { ids }: Known, dice: Dice): string {
  const there = ids[path.split('/')[2] ?? ''] ?? [];
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    if (name === 'id' && there.length > 0 && dice.chance(0.75)) return dice.pick(there);
    return segment(
      dice.chance(0.5) ? dice.pick(['model', 'model.safetensors', 'notFound']) : dice.pick(TEXTS),
      dice,
    );
  });
}

/** Encoded, as a client does it, and sometimes as none does. */
function segment(text: string, dice: Dice): string {
  if (dice.chance(0.1))
    return dice.pick(['%zz', '%', '%c0%af', '..%2f..%2fetc', '%00', '%ed%a0%80', '..', '.']);
  return encodeURIComponent(Buffer.from(text.slice(0, 2_000)).toString()) || 'x';
}

function queryOf(
  { operationId, parameters = [] }: Operation,
  document: Document,
  { ids }: Known,
  dice: Dice,
): string {
  const all = Object.values(ids).flat();
  const pairs = parameters
    .filter(({ in: where }) => where === 'query' && dice.chance(0.4))
    .map(({ name, schema }) => {
      const value = dice.weighted<() => unknown>([
        [4, () => fromSchema(schema, document.components.schemas, dice, 2)],
        [2, () => dice.pick(TEXTS)],
        [2, () => dice.pick(all)],
        [1, () => `${dice.pick(all)},${dice.pick(all)}`],
        [1, () => cursorOf(dice)],
      ])();
      return `${name}=${segment(inText(value), dice)}`;
    });
  // Without it hardly a body would be looked at.
  if (operationId === 'createDataset' && pairs.length === 0) pairs.push('name=fuzzed');
  if (dice.chance(0.03))
    pairs.push(dice.pick(['a=b', '__proto__=1', '&&', '=', 'limit=1&limit=2', 'name[]=x', '%']));
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** Objects may have a `toString` that is none. */
function inText(value: unknown): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Looks like one of a list’s. */
function cursorOf(dice: Dice): string {
  const text = JSON.stringify(dice.chance(0.5) ? [anyValue(dice, 0), anyValue(dice, 0)] : anyValue(dice, 1));
  return Buffer.from(text ?? '')
    .toString('base64url')
    .slice(0, 600);
}

function extraHeaders(dice: Dice): Record<string, string> {
  const plain = TEXTS.filter((text) => text.length < 1_000 && /^[\x20-\x7e]*$/.test(text));
  const seldom = (name: string, values: readonly string[]): [string, string][] =>
    dice.chance(0.04) ? [[name, dice.pick(values)]] : [];
  return Object.fromEntries([
    ...seldom('idempotency-key', ['a', 'b', 'c', ...plain]),
    ...seldom('if-none-match', ['*', '"a"', 'W/"1", "2"', ...plain]),
    ...seldom('range', ['bytes=0-1', 'bytes=-1', 'bytes=9-1', `bytes=0-${'9'.repeat(30)}`, ...plain]),
    ...seldom('last-event-id', ['0', '999999999', '-1', ...plain]),
    ...seldom('accept', ['text/event-stream', 'text/html', '*/*', ...plain]),
    ...seldom('content-encoding', ['gzip', 'br', 'identity', ...plain]),
    ...seldom('x-forwarded-for', ['127.0.0.1', ...plain]),
    ...seldom('authorization', ['Bearer x', 'Basic eDp5', ...plain]),
    ...seldom('content-type', [
      'text/plain',
      'application/xml',
      'application/json; charset=latin1',
      ...plain,
    ]),
  ]);
}

function bodyOf(
  operation: Operation,
  document: Document,
  known: Known,
  dice: Dice,
): { payload: Buffer | undefined; headers: Readonly<Record<string, string>> } {
  const { operationId, requestBody } = operation;
  if (requestBody === undefined) {
    return dice.chance(0.03) ? jsonBody('{"a":1}') : { payload: undefined, headers: {} };
  }
  if (operationId === 'createDataset') return datasetBody(dice);
  if (operationId === 'importModel') return modelBody(dice);
  const schema = Object.values(requestBody.content)[0]!.schema;
  const bySchema = () => fromSchema(schema, document.components.schemas, dice);
  const valid = validBodies(operationId, known) ?? [bySchema()];
  const value = dice.weighted<() => unknown>([
    [1, () => dice.pick(valid)],
    [6, () => mutated(dice.pick(valid), dice)],
    [2, bySchema],
    [1, () => anyValue(dice)],
  ])();
  const text = JSON.stringify(value) ?? '';
  return jsonBody(dice.chance(0.12) ? mutatedText(text, dice) : text);
}

function validBodies(operationId: string, known: Known): readonly object[] | undefined {
  switch (operationId) {
    case 'createJob':
    case 'validateJob':
      return validSpecs(known);
    case 'createPipeline':
    case 'validatePipeline':
      return validPipelines(known);
    case 'predict':
      return PREDICTIONS;
    case 'createApiKey':
      return [{ name: 'k', scopes: ['read'], project: 'another' }];
    case 'createWebhook':
      return ADDRESSES.slice(0, 6).map((url) => ({
        url,
        events: ['job.status', 'job.epoch'],
        description: 'd',
      }));
    default:
      return undefined;
  }
}

function jsonBody(text: string): { payload: Buffer; headers: Record<string, string> } {
  return { payload: Buffer.from(text), headers: { 'content-type': 'application/json' } };
}
