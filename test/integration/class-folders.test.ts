import type { FastifyInstance } from 'fastify';
import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildApp } from '../../apps/api/app.ts';
import type { ClassificationPrediction } from '../../src/spec/prediction.ts';
import { type ZipEntry, zipFile } from '../zip.ts';
import { TestService } from './service.ts';

/** Coloured shapes of many sizes, from a ZIP of class folders to predictions on base64: over HTTP, with a built worker. */

const SHAPES = {
  disc: (s: number) => `<circle cx="${s / 2}" cy="${s / 2}" r="${s / 3}"/>`,
  bar: (s: number) => `<rect x="0" y="${s / 2 - s / 10}" width="${s}" height="${s / 5}"/>`,
  pole: (s: number) => `<rect x="${s / 2 - s / 10}" y="0" width="${s / 5}" height="${s}"/>`,
};
type Shape = keyof typeof SHAPES;
const NAMES = Object.keys(SHAPES) as Shape[];
const COLOURS = ['#d22', '#2a2', '#24d', '#dd2', '#2dd'];

let service: TestService;
let app: FastifyInstance;
let datasetId: string;

beforeAll(async () => {
  service = await TestService.start();
  app = await buildApp(service.context);
  await service.startWorker();
  const response = await app.inject({
    method: 'POST',
    url: '/v1/datasets?name=shapes',
    headers: { 'content-type': 'application/zip' },
    payload: zipFile(await folders(40)),
  });
  datasetId = response.json().id;
});
afterAll(async () => {
  await app.close();
  await service.stop();
});

/** A shape on a light ground, of a colour and size that tell nothing of what it is. */
function draw(shape: Shape, i: number): Sharp {
  const side = 20 + ((i * 7) % 25);
  const body = SHAPES[shape](side);
  const ground = `<rect width="${side}" height="${side}" fill="#eee"/>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}">${ground}<g fill="${COLOURS[i % 5]}">${body}</g></svg>`;
  return sharp(Buffer.from(svg)).removeAlpha();
}

async function folders(ofEach: number): Promise<ZipEntry[]> {
  const entries: ZipEntry[] = [];
  for (const shape of NAMES) {
    for (let i = 0; i < ofEach; i++) {
      const picture = draw(shape, i);
      const content = await (i % 2 ? picture.jpeg({ quality: 90 }) : picture.png()).toBuffer();
      entries.push({ name: `shapes/${shape}/${i}.${i % 2 ? 'jpg' : 'png'}`, content });
    }
  }
  return entries;
}

const post = async (url: string, payload: object) =>
  (await app.inject({ method: 'POST', url, payload })).json();

const spec = () => ({
  seed: 3,
  data: {
    dataset: datasetId,
    imageSize: { height: 16, width: 16 },
    augment: [
      { type: 'flip' },
      { type: 'shift', pixels: 1 },
      { type: 'rotate', degrees: 5 },
      { type: 'crop', scale: [0.9, 1] },
      { type: 'brightness', amount: 0.1 },
    ],
  },
  model: {
    layers: [
      { type: 'conv2d', filters: 8, kernelSize: 3, activation: 'relu' },
      { type: 'maxPool' },
      { type: 'conv2d', filters: 8, kernelSize: 3, activation: 'relu' },
      { type: 'flatten' },
    ],
  },
  stages: [{ epochs: 25, batchSize: 16, optimizer: { type: 'adam', learningRate: 0.005 } }],
});

it('need a size where they have several, and say so', async () => {
  const { imageSize: _, ...data } = spec().data;
  expect(await post('/v1/jobs/validate', { ...spec(), data })).toMatchObject({
    code: 'invalidSpec',
    errors: [{ pointer: '/data/imageSize', message: expect.stringMatching(/^the pictures have 25 sizes, /) }],
  });
  const validation = await post('/v1/jobs/validate', spec());
  expect(validation.layers[0]).toMatchObject({ inputShape: [16, 16, 3] });
  const unknown = await post('/v1/jobs', {
    ...spec(),
    data: { ...spec().data, augment: [{ type: 'zoom' }] },
  });
  expect(unknown.errors[0].pointer).toBe('/data/augment/0/type');
});

it('are learned, and predicted on in base64', async () => {
  const job = await service.untilEnded((await post('/v1/jobs', spec())).id);
  expect(job).toMatchObject({ status: 'succeeded' });
  expect(job.metrics.test_accuracy).toBeGreaterThan(0.8);
  const predictions = `/v1/models/${job.modelId}/predictions`;

  const unseen = await Promise.all(
    NAMES.map(async (shape) => (await draw(shape, 41).png().toBuffer()).toString('base64')),
  );
  const inputs = [...unseen, ...unseen.map((image) => ({ image: `data:image/png;base64,${image}` }))];
  const answer = await post(predictions, { inputs });
  const predicted = answer.predictions.map((each: ClassificationPrediction) => each.predictedClass);
  expect(predicted).toEqual([...NAMES, ...NAMES]);

  const bits = [`${unseen[0]!.slice(0, 40)}`, { image: 'not base64!' }, { picture: unseen[0] }];
  expect((await post(predictions, { inputs: [...unseen, ...bits] })).errors).toEqual([
    { pointer: '/inputs/3', message: expect.stringMatching(/^the picture can’t be decoded/) },
    { pointer: '/inputs/4/image', message: 'the picture isn’t base64' },
    { pointer: '/inputs/5/picture', message: '“picture” is no input of the model' },
    { pointer: '/inputs/5/image', message: 'the column “image” is missing' },
  ]);
});

it('are brought to the size of a model that is built on', async () => {
  const [job] = (await app.inject({ url: '/v1/jobs?status=succeeded' })).json().data;
  const data = { dataset: datasetId, classes: ['disc', 'bar'] };
  const model = { from: { model: job.modelId, layers: 'all' }, layers: [] };
  const next = { data, model, stages: [{ epochs: 2, trainable: 'new', optimizer: { type: 'adam' } }] };
  const validation = await post('/v1/jobs/validate', next);
  expect(validation.layers[0]).toMatchObject({ inputShape: [16, 16, 3] });
  const ended = await service.untilEnded((await post('/v1/jobs', next)).id);
  expect(ended).toMatchObject({ status: 'succeeded' });
  const image = (await draw('bar', 43).jpeg().toBuffer()).toString('base64');
  const { predictions } = await post(`/v1/models/${ended.modelId}/predictions`, { inputs: [image] });
  expect(predictions).toHaveLength(1);
});

it('give the same losses for the same seed', async () => {
  const short = { ...spec(), stages: [{ epochs: 2, batchSize: 16 }] };
  const [one, two] = [await post('/v1/jobs', short), await post('/v1/jobs', short)];
  const [first, second] = [await service.untilEnded(one.id), await service.untilEnded(two.id)];
  expect(first.metrics.loss).toBe(second.metrics.loss);
  expect(first.metrics.loss).toBeGreaterThan(0);
});
