import { OPERATOR_KEY, ROWS } from '../api-server.ts';
import { importForm } from '../form.ts';
import { idxFile } from '../idx.ts';
import { smallModel } from '../small-model.ts';
import { Dice } from './dice.ts';
import { type Document, type FuzzRequest, operationsOf, requestFor } from './requests.ts';
import type { Answer, ApiProcess } from './service.ts';
import { type Known, validPipelines, validSpecs } from './specs.ts';
import { faultOf } from './verdict.ts';

/** Of one operation: how often each status was answered, and the longest that one took. */
export interface Tally {
  readonly statuses: Record<string, number>;
  slowestMs: number;
}

export interface Failure {
  /** Which of the seed’s requests it was. */
  readonly index: number;
  readonly request: FuzzRequest;
  readonly fault: string;
  readonly answer: string;
}

export interface Outcome {
  readonly tallies: ReadonlyMap<string, Tally>;
  readonly failures: readonly Failure[];
}

const AT_ONCE = 4;
const THREE = [
  'x1,x2,x3,label',
  ...Array.from({ length: 30 }, (_, i) => `${i},${-i},${i % 7},${i % 2 ? 'a' : 'b'}`),
].join('\n');
/** Of each kind, that later requests may name. */
const MOST_IDS = 50;

/** Sends so many requests, four at once. Ends early when the service does. */
export async function fuzz(api: ApiProcess, seed: number, count: number): Promise<Outcome> {
  const document = JSON.parse((await get(api, '/openapi.json')).body) as Document;
  const source = { operations: operationsOf(document), document, key: OPERATOR_KEY };
  const known = await begin(api);
  const tallies = new Map<string, Tally>();
  const failures: Failure[] = [];
  let next = 0;

  async function sendOn(): Promise<void> {
    while (next < count && api.runs) {
      const index = next++;
      const request = requestFor(source, known, new Dice(seed, index));
      const [fault, answer] = await attempt(request);
      if (fault !== undefined) failures.push({ index, request, fault, answer });
    }
  }

  async function attempt(request: FuzzRequest): Promise<[fault: string | undefined, answer: string]> {
    try {
      const answer = await api.ask(request);
      tally(tallies, request.operationId, answer);
      learn(known, request, answer);
      return [faultOf(request, answer), `${answer.status} ${answer.body.slice(0, 500)}`];
    } catch (error) {
      return [api.runs ? 'has no answer' : 'ends the service', (error as Error).message];
    }
  }

  await Promise.all(Array.from({ length: AT_ONCE }, sendOn));
  return { tallies, failures };
}

function tally(tallies: Map<string, Tally>, operationId: string, { status, milliseconds }: Answer): void {
  const kept = tallies.get(operationId) ?? { statuses: {}, slowestMs: 0 };
  tallies.set(operationId, kept);
  kept.statuses[status] = (kept.statuses[status] ?? 0) + 1;
  kept.slowestMs = Math.max(kept.slowestMs, milliseconds);
}

/** Notes what a request made. */
function learn(known: Known, { path }: FuzzRequest, { status, headers }: Answer): void {
  const id =
    status < 300
      ? String(headers.location ?? '')
          .split('/')
          .at(-1)
      : '';
  const kept = known.ids[path.split(/[/?]/)[2] ?? ''];
  if (id && kept && kept.length < MOST_IDS) kept.push(id);
}

/** Something of each kind, for requests to name. */
async function begin(api: ApiProcess): Promise<Known> {
  const csv = { body: Buffer.from(ROWS), headers: { 'content-type': 'text/csv' } };
  const bytes = Buffer.concat([
    idxFile([8, 6, 6], Array(288).fill(7)),
    idxFile([8], [0, 1, 0, 1, 0, 1, 0, 1]),
  ]);
  const idx = { body: bytes, headers: { 'content-type': 'application/x-idx' } };
  const form = importForm(smallModel());
  const table = await make(api, '/v1/datasets?name=table', csv);
  const pictures = await make(api, '/v1/datasets?name=pictures', idx);
  const model = await make(api, '/v1/models', { body: form.payload, headers: form.headers });
  const three = await make(api, '/v1/datasets?name=three', { ...csv, body: Buffer.from(THREE) });
  const others = [table, three, pictures, await make(api, '/v1/datasets?name=other', csv)];
  const known: Known = {
    table,
    three,
    pictures,
    model,
    ids: { datasets: others, models: [model], jobs: [], pipelines: [], webhooks: [], 'api-keys': [] },
  };
  for (const spec of validSpecs(known)) known.ids.jobs!.push(await make(api, '/v1/jobs', json(spec)));
  for (const spec of validPipelines(known))
    known.ids.pipelines!.push(await make(api, '/v1/pipelines', json(spec)));
  return known;
}

function json(value: object): Pick<FuzzRequest, 'headers' | 'body'> {
  return { body: Buffer.from(JSON.stringify(value)), headers: { 'content-type': 'application/json' } };
}

async function make(
  api: ApiProcess,
  path: string,
  { body, headers }: Pick<FuzzRequest, 'headers' | 'body'>,
): Promise<string> {
  const authorization = `Bearer ${OPERATOR_KEY}`;
  const answer = await api.ask({ method: 'POST', path, body, headers: { authorization, ...headers } });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.body}\n${body}`);
  return JSON.parse(answer.body).id;
}

function get(api: ApiProcess, path: string): Promise<Answer> {
  return api.ask({ method: 'GET', path, headers: {}, body: undefined });
}
