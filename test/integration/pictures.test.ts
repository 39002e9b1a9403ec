import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildApp } from '../../apps/api/app.ts';
import type { ClassificationPrediction } from '../../src/spec/prediction.ts';
import { idxFile } from '../idx.ts';
import { TestService } from './service.ts';

/** The digits as pictures, from their upload to predictions on them: over HTTP, with a built worker. */

let service: TestService;
let app: FastifyInstance;
let digits: { picture: number[][]; digit: number }[];
let datasetId: string;

beforeAll(async () => {
  service = await TestService.start();
  app = await buildApp(service.context);
  await service.startWorker();
  digits = await readDigits();
  const images = idxFile(
    [digits.length, 8, 8],
    digits.flatMap(({ picture }) => picture.flat()),
  );
  const labels = idxFile(
    [digits.length],
    digits.map(({ digit }) => digit),
  );
  const response = await app.inject({
    method: 'POST',
    url: '/v1/datasets?name=digits',
    headers: { 'content-type': 'application/x-idx' },
    payload: Buffer.concat([gzipSync(images), gzipSync(labels)]),
  });
  datasetId = response.json().id;
});
afterAll(async () => {
  await app.close();
  await service.stop();
});

async function readDigits(): Promise<typeof digits> {
  const csv = await readFile(new URL('../../examples/data/digits.csv', import.meta.url), 'utf8');
  return csv
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line) => {
      const numbers = line.split(',').map(Number);
      const picture = Array.from({ length: 8 }, (_, y) => numbers.slice(8 * y, 8 * (y + 1)));
      return { picture, digit: numbers[64]! };
    });
}

const post = async (url: string, payload: object) =>
  (await app.inject({ method: 'POST', url, payload })).json();

/** Nothing is said of the data but where they are. */
const spec = () => ({
  seed: 3,
  data: { dataset: datasetId },
  model: {
    layers: [
      { type: 'conv2d', filters: 8, kernelSize: 3, activation: 'relu' },
      { type: 'maxPool' },
      { type: 'flatten' },
      { type: 'dropout', rate: 0.2 },
    ],
  },
  stages: [{ epochs: 8, optimizer: { type: 'adam', learningRate: 0.005 } }],
});

it('are what a convolution takes, as they are', async () => {
  const validation = await post('/v1/jobs/validate', spec());
  expect(validation).toMatchObject({ task: 'classification', warnings: [] });
  expect(validation.layers[0]).toMatchObject({ inputShape: [8, 8, 1], outputShape: [6, 6, 8] });
  expect(validation.layers.at(-1)).toMatchObject({ outputShape: [10] });
  const wrong = { ...spec(), data: { dataset: datasetId, target: 'image' } };
  expect(await post('/v1/jobs/validate', wrong)).toMatchObject({
    code: 'invalidSpec',
    errors: [{ pointer: '/data/target', message: '“image” is a tensor, which can’t be a target' }],
  });
});

it('are learned, and predicted on as nested lists', async () => {
  const job = await service.untilEnded((await post('/v1/jobs', spec())).id);
  expect(job).toMatchObject({ status: 'succeeded' });
  expect(job.metrics.test_accuracy).toBeGreaterThan(0.9);
  const predictions = `/v1/models/${job.modelId}/predictions`;

  const few = digits.slice(0, 40);
  const answer = await post(predictions, { inputs: few.map(({ picture }) => picture) });
  const predicted: string[] = answer.predictions.map((each: ClassificationPrediction) => each.predictedClass);
  expect(predicted.filter((name, i) => Number(name) === few[i]!.digit).length).toBeGreaterThan(35);

  const [{ picture }] = few as [(typeof digits)[number]];
  const channelled = picture.map((row) => row.map((number) => [number]));
  const same = await post(predictions, {
    inputs: [picture, channelled, { image: picture }, { image: channelled }],
    mcDropout: { samples: 5, seed: 1 },
  });
  expect(new Set(same.predictions.map((each: object) => JSON.stringify(each))).size).toBe(1);

  const refused = await post(predictions, {
    inputs: [picture, picture.slice(1), [...picture.slice(0, 7), [1, 2]], { image: 5 }, { pixels: picture }],
  });
  expect(refused.code).toBe('invalidInput');
  expect(refused.errors).toEqual([
    { pointer: '/inputs/1', message: 'a list of 8 × 8 × 1 is expected here, and this is a list of 7' },
    { pointer: '/inputs/2/7', message: 'a list of 8 × 1 is expected here, and this is a list of 2' },
    { pointer: '/inputs/3/image', message: 'a list of 8 × 8 × 1 is expected here, and this is 5' },
    { pointer: '/inputs/4/pixels', message: '“pixels” is no input of the model' },
    { pointer: '/inputs/4/image', message: 'the column “image” is missing' },
  ]);
  const notNumbers = await post(predictions, { inputs: [[[1, 'two']]] });
  expect(notNumbers.errors).toEqual([
    { pointer: '/inputs/0/0/1', message: 'Must be of type number, or of type array' },
  ]);
});
