import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { PredictorRequest } from '../../../src/spec/predictor.ts';
import { INTERNAL_TOKEN, OPERATOR_KEY, TestApi } from '../../api-server.ts';
import { STRUCTURE } from '../../contract/store/rows.ts';

/** Routes predictions to predictors that are real servers; what they answer is written here. */

type Answer = (body: PredictorRequest, request: IncomingMessage, response: ServerResponse) => void;

let api: TestApi;
let servers: Server[] = [];

beforeAll(async () => {
  api = await TestApi.start();
  for (const id of ['mdl_a', 'mdl_b', 'mdl_c', 'mdl_d']) await insertModel(id);
});
afterAll(() => api.stop());
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
  servers = [];
  for (const { id } of await api.context.store.workers.alive(new Date(0))) {
    await api.context.store.workers.remove(id);
  }
});

async function insertModel(id: string): Promise<void> {
  const projectId = await api.context.store.projects.ensure('default');
  const model = {
    id,
    projectId,
    jobId: 'job_1',
    datasetId: 'ds_1',
    parentModelId: null,
    name: 'line',
    task: 'regression' as const,
    inputs: ['x'],
    inputShape: [1],
    window: null,
    target: 'y',
    classes: null,
    parameters: 13,
    stochastic: true,
    seed: 0,
    blobKey: '0'.repeat(64),
    bytes: 1,
    evaluation: { test_rmse: Number.NaN },
    imported: null,
    stages: [],
    createdAt: new Date(),
  };
  await api.context.store.models.insert(model, STRUCTURE);
}

async function startWorker(
  id: string,
  answer: Answer,
  heartbeatAt = new Date(),
): Promise<{ calls: string[] }> {
  const calls: string[] = [];
  const server = createServer(async (request, response) => {
    const body = (await json(request)) as PredictorRequest;
    calls.push(body.modelId);
    answer(body, request, response);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await register(id, `http://127.0.0.1:${port}`, heartbeatAt);
  return { calls };
}

async function register(id: string, predictorUrl: string | null, heartbeatAt = new Date()): Promise<void> {
  const row = { id, host: 'test', pid: 1, device: 'cpu', predictorUrl, heartbeatAt, startedAt: new Date() };
  await api.context.store.workers.heartbeat(row);
}

const predict = (id = 'mdl_a', body: object = { inputs: [{ x: 1 }] }) =>
  api.post(`/v1/models/${id}/predictions`, body);

const answerMean: Answer = ({ modelId }, _request, response) => send(response, 200, prediction(modelId));

function prediction(modelId: string): object {
  return { modelId, samplesUsed: 0, predictions: [{ mean: 'NaN' }] };
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

it('asks the predictor with the token, the model’s content and the request with its defaults', async () => {
  let seen: [string | undefined, string | undefined, PredictorRequest] | undefined;
  await startWorker('wrk_1', (body, request, response) => {
    seen = [request.url, request.headers.authorization, body];
    answerMean(body, request, response);
  });
  const response = await predict('mdl_a', { inputs: [{ x: 1 }], mcDropout: { samples: 7 } });
  expect(response.statusCode).toBe(200);
  expect(response.json()).toEqual(prediction('mdl_a'));
  expect(seen).toEqual([
    '/predict',
    `Bearer ${INTERNAL_TOKEN}`,
    {
      modelId: 'mdl_a',
      blobKey: '0'.repeat(64),
      request: {
        inputs: [{ x: 1 }],
        mcDropout: { samples: 7, seed: 0, quantiles: [0.05, 0.95], returnSamples: false },
      },
    },
  ]);
});

it.each([
  [422, 'invalidInput', [{ pointer: '/inputs/0/x', message: 'is missing' }]],
  [422, 'notStochastic', [{ pointer: '/mcDropout', message: 'has no dropout layer' }]],
])('passes on what the predictor refuses: %i %s', async (status, code, errors) => {
  await startWorker('wrk_1', (_body, _request, response) =>
    send(response, status, { code, detail: 'why', errors }),
  );
  expect((await predict()).json()).toMatchObject({ status, code, detail: 'why', errors });
});

it('tells nothing of how a predictor failed', async () => {
  await startWorker('wrk_1', (_body, _request, response) =>
    send(response, 500, { code: 'internal', detail: 'a stack' }),
  );
  const response = await predict();
  expect(response.json()).toMatchObject({ status: 500, code: 'internal' });
  expect(response.body).not.toContain('a stack');
});

it('asks the next one where a predictor is gone, breaks off or is going down', async () => {
  await register('wrk_gone', 'http://127.0.0.1:9');
  await register('wrk_without', null);
  const broken = await startWorker('wrk_broken', (_body, request) => request.socket.destroy());
  const good = await startWorker('wrk_good', answerMean);
  for (const id of ['mdl_a', 'mdl_b', 'mdl_c', 'mdl_d']) expect((await predict(id)).statusCode).toBe(200);
  expect(good.calls).toEqual(['mdl_a', 'mdl_b', 'mdl_c', 'mdl_d']);
  expect(broken.calls.length).toBeLessThan(5);
});

it('keeps a model with its worker, and shares models out', async () => {
  const workers = [];
  for (let i = 0; i < 3; i++) workers.push(await startWorker(`wrk_${i}`, answerMean));
  for (let round = 0; round < 3; round++)
    for (const id of ['mdl_a', 'mdl_b', 'mdl_c', 'mdl_d']) await predict(id);
  const homes = workers.map(({ calls }) => new Set(calls));
  expect(homes.reduce((sum, { size }) => sum + size, 0)).toBe(4);
  expect(homes.filter(({ size }) => size > 0).length).toBeGreaterThan(1);
});

it('says when to come again where no worker is up, or none that was heard of lately', async () => {
  await startWorker('wrk_silent', answerMean, new Date(Date.now() - 60_000));
  const response = await predict();
  expect(response.json()).toMatchObject({ status: 503, code: 'unavailable' });
  expect(response.headers['retry-after']).toBe('2');
});

it('gives up on a predictor when the client hangs up', async () => {
  const url = await api.listen();
  const predictor = new EventEmitter();
  const asked = once(predictor, 'asked');
  const dropped = once(predictor, 'dropped');
  await startWorker('wrk_slow', (_body, _request, response) => {
    response.on('close', () => predictor.emit('dropped'));
    predictor.emit('asked');
  });
  const client = new AbortController();
  const response = fetch(`${url}/v1/models/mdl_a/predictions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${OPERATOR_KEY}`, 'content-type': 'application/json' },
    body: JSON.stringify({ inputs: [[1]] }),
    signal: client.signal,
  });
  await asked;
  client.abort();
  await expect(response).rejects.toThrow();
  await dropped;
});

it.each([
  [{}, '/inputs'],
  [{ inputs: [] }, '/inputs'],
  [{ inputs: [{ x: { y: 1 } }] }, '/inputs/0/x'],
  [{ inputs: [['a']] }, '/inputs/0/0'],
  [{ inputs: [[1]], mcDropout: { samples: 0 } }, '/mcDropout/samples'],
  [{ inputs: [[1]], mcDropout: { quantiles: [2] } }, '/mcDropout/quantiles/0'],
  [{ inputs: [[1]], mcdropout: {} }, '/mcdropout'],
])('refuses %j before anyone is asked', async (body, pointer) => {
  const response = await predict('mdl_a', body);
  expect(response.json()).toMatchObject({ status: 422, code: 'invalidInput' });
  expect(response.json().errors[0].pointer).toBe(pointer);
});

it('shows models, with the evaluation’s numbers that JSON lacks as strings', async () => {
  const list = (await api.get('/v1/models?name=line')).json();
  expect(list.data).toHaveLength(4);
  const model = (await api.get('/v1/models/mdl_b')).json();
  expect(model).toMatchObject({ version: 2, evaluation: { test_rmse: 'NaN' }, lineage: { jobId: 'job_1' } });
  expect(list.data[1]).toEqual(model);
});

it('lists the workers that are alive, without where they are', async () => {
  await register('wrk_1', 'http://10.1.2.3:4567');
  await register('wrk_2', null, new Date(Date.now() - 60_000));
  const response = await api.get('/v1/workers');
  expect(response.json().data).toMatchObject([{ id: 'wrk_1', device: 'cpu', predicts: true }]);
  expect(response.body).not.toMatch(/10\.1\.2\.3|4567/);
});
