import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildApp } from '../../apps/api/app.ts';
import type { RegressionPrediction } from '../../src/spec/prediction.ts';
import { TestService } from './service.ts';

/** A series, from its upload to predictions of what comes next: over HTTP, with a built worker. */

const LENGTH = 12;
const HORIZON = 2;

let service: TestService;
let app: FastifyInstance;
let datasetId: string;

/** Two waves, one of which tells where the other goes. */
const rows = Array.from({ length: 600 }, (_, i) => ({
  wind: Math.cos(i / 5),
  temperature: 15 + 4 * Math.sin(i / 5) + 2 * Math.sin(i / 11),
}));

beforeAll(async () => {
  service = await TestService.start();
  app = await buildApp(service.context);
  await service.startWorker();
  const csv = ['wind,temperature', ...rows.map(({ wind, temperature }) => `${wind},${temperature}`)].join(
    '\n',
  );
  const response = await app.inject({
    method: 'POST',
    url: '/v1/datasets?name=weather',
    headers: { 'content-type': 'text/csv' },
    payload: csv,
  });
  datasetId = response.json().id;
});
afterAll(async () => {
  await app.close();
  await service.stop();
});

const post = async (url: string, payload: object) =>
  (await app.inject({ method: 'POST', url, payload })).json();

const spec = (window: object = { length: LENGTH, horizon: HORIZON }) => ({
  seed: 1,
  data: { dataset: datasetId, target: 'temperature', window },
  model: {
    layers: [
      { type: 'flatten' },
      { type: 'dense', units: 32, activation: 'relu' },
      { type: 'dropout', rate: 0.05 },
    ],
  },
  stages: [{ epochs: 30, optimizer: { type: 'adam', learningRate: 0.005 } }],
  evaluate: { mcDropout: { samples: 10 } },
});

it('is validated with the shape of its windows', async () => {
  const validation = await post('/v1/jobs/validate', spec());
  expect(validation).toMatchObject({ task: 'regression', warnings: [] });
  expect(validation.layers[0]).toMatchObject({ inputShape: [LENGTH, 2], outputShape: [2 * LENGTH] });
  const long = await post('/v1/jobs/validate', spec({ length: 60 }));
  expect(long).toMatchObject({
    code: 'invalidSpec',
    errors: [
      {
        pointer: '/data/window/length',
        message:
          'a window of 60 rows, with the target 1 row later, takes 61 rows, and the validation split has 60',
      },
      { pointer: '/data/window/length', message: expect.stringContaining('the test split has 60') },
    ],
  });
  expect((await post('/v1/jobs/validate', spec({ length: 0 }))).errors).toEqual([
    { pointer: '/data/window/length', message: expect.stringContaining('>=1') },
  ]);
});

it('is learned, and continued by its model', async () => {
  const job = await service.untilEnded((await post('/v1/jobs', spec())).id);
  expect(job).toMatchObject({ status: 'succeeded' });
  // The latest tenth of the series, which no window that trained has touched.
  expect(job.metrics.test_rmse).toBeLessThan(0.5);
  expect(job.metrics.test_mc_rmse).toBeLessThan(0.7);

  const url = `/v1/models/${job.modelId}`;
  expect((await app.inject(url)).json()).toMatchObject({
    inputs: ['wind', 'temperature'],
    inputShape: [LENGTH, 2],
    window: { length: LENGTH, horizon: HORIZON },
    target: 'temperature',
  });

  const first = 570;
  const window = rows.slice(first, first + LENGTH);
  const listed = window.map(({ wind, temperature }) => [wind, temperature]);
  const { predictions } = await post(`${url}/predictions`, { inputs: [window, listed] });
  const [byName, byOrder] = predictions as RegressionPrediction[];
  expect(byName).toEqual(byOrder);
  const { temperature } = rows[first + LENGTH - 1 + HORIZON]!;
  expect(Math.abs(Number(byName!.mean) - temperature)).toBeLessThan(1);

  const [row] = window;
  const broken = [...window.slice(0, 5), { wind: 1 }, ...window.slice(6)];
  const refused = await post(`${url}/predictions`, { inputs: [window, broken, [row], row] });
  expect(refused).toMatchObject({ code: 'invalidInput', status: 422 });
  expect(refused.errors).toEqual([
    { pointer: '/inputs/1/5/temperature', message: 'the column “temperature” is missing' },
    {
      pointer: '/inputs/2',
      message: `a list of ${LENGTH} rows is expected here, the earliest first, and this is a list of 1`,
    },
    { pointer: '/inputs/3', message: expect.stringMatching(/and this is an object$/) },
  ]);
  const mistyped = await post(`${url}/predictions`, { inputs: [[{ wind: {} }]] });
  expect(mistyped.errors[0].pointer).toBe('/inputs/0/0/wind');
});

it('of ids is embedded, and asked for as a list of them', async () => {
  const response = await app.inject({
    method: 'POST',
    url: '/v1/datasets?name=words',
    headers: { 'content-type': 'text/csv' },
    payload: ['word', ...Array.from({ length: 300 }, (_, i) => (i * 2) % 7)].join('\n'),
  });
  const job = await service.untilEnded(
    (
      await post('/v1/jobs', {
        data: {
          dataset: response.json().id,
          target: 'word',
          task: 'classification',
          window: { length: 3 },
        },
        model: { layers: [{ type: 'embedding', inputDim: 7, outputDim: 8 }, { type: 'flatten' }] },
        stages: [{ epochs: 30, optimizer: { type: 'adam', learningRate: 0.02 } }],
      })
    ).id,
  );
  expect(job).toMatchObject({ status: 'succeeded' });
  expect(job.metrics.test_accuracy).toBe(1);
  const url = `/v1/models/${job.modelId}/predictions`;
  const { predictions } = await post(url, {
    inputs: [
      [0, 2, 4],
      [{ word: 5 }, { word: 0 }, { word: 2 }],
    ],
  });
  expect(predictions.map(({ predictedClass }: { predictedClass: string }) => predictedClass)).toEqual([
    '6',
    '4',
  ]);
  expect((await post(url, { inputs: [[0, 2, 9]] })).errors).toEqual([
    { pointer: '/inputs/0/2', message: 'takes whole ids from 0 to 6, and got 9' },
  ]);
});
