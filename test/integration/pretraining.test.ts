import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { buildApp } from '../../apps/api/app.ts';
import type { ClassificationPrediction, ReconstructionPrediction } from '../../src/spec/prediction.ts';
import { idxFile } from '../idx.ts';
import { trainerOf } from '../processes.ts';
import { SLOW_MODEL } from '../slow-model.ts';
import { TestService } from './service.ts';

/** Every objective that needs no answer, on real digits and real mixes of concrete, from the job to its model. */

// Each trains for some seconds, and for many on a machine that does other things too.
vi.setConfig({ testTimeout: 120_000 });

let service: TestService;
let worker: ChildProcess;
let app: FastifyInstance;
let digits: number[][][];
let pictures: string;
let mixes: string;

beforeAll(async () => {
  service = await TestService.start();
  app = await buildApp(service.context);
  worker = await service.startWorker();
  const labels: number[] = [];
  digits = [];
  const csv = await readFile(new URL('../../examples/data/digits.csv', import.meta.url), 'utf8');
  for (const line of csv.trimEnd().split('\n').slice(1)) {
    const numbers = line.split(',').map(Number);
    digits.push(Array.from({ length: 8 }, (_, y) => numbers.slice(8 * y, 8 * (y + 1))));
    labels.push(numbers[64]!);
  }
  const images = idxFile([digits.length, 8, 8], digits.flat(2));
  const payload = Buffer.concat([gzipSync(images), gzipSync(idxFile([labels.length], labels))]);
  const headers = { 'content-type': 'application/x-idx' };
  const response = await app.inject({ method: 'POST', url: '/v1/datasets?name=digits', headers, payload });
  pictures = response.json().id;
  mixes = (await service.upload('concrete.csv')).datasetId;
});
afterAll(async () => {
  await app.close();
  await service.stop();
});

const post = async (url: string, payload: object) =>
  (await app.inject({ method: 'POST', url, payload })).json();
const get = async (url: string) => (await app.inject({ method: 'GET', url })).json();

const optimizer = { type: 'adam', learningRate: 0.005 };
/** The layers that the next job takes over, and a bottleneck. */
const layers = [
  { type: 'flatten' },
  { type: 'dense', units: 32, activation: 'relu' },
  { type: 'dropout', rate: 0.1 },
  { type: 'dense', units: 16, activation: 'relu' },
];

/** Trains by these objectives, one a stage. */
async function pretrain(objectives: object[], { data = {}, epochs = 10, evaluate = {} } = {}) {
  const spec = {
    seed: 4,
    data: { dataset: pictures, ...data },
    model: { layers },
    stages: objectives.map((objective) => ({ objective, epochs, optimizer, earlyStopping: { patience: 5 } })),
    evaluate,
  };
  const { id } = await post('/v1/jobs', spec);
  const job = await service.untilEnded(id);
  expect(job.failure).toBeNull();
  const model = await get(`/v1/models/${job.modelId}`);
  const artifact = await get(`/v1/jobs/${id}/artifacts/evaluation.json`);
  const ask = (inputs: unknown, more: object = {}) =>
    post(`/v1/models/${job.modelId}/predictions`, { inputs, ...more });
  return { job, model, report: artifact, ask };
}

describe('putting pictures together again', () => {
  it('by an autoencoder tells what is no digit by its error', async () => {
    const { model, report, ask } = await pretrain([{ type: 'autoencoder' }], { epochs: 10 });
    expect(model).toMatchObject({
      task: 'reconstruction',
      target: null,
      classes: null,
      inputShape: [8, 8, 1],
      stochastic: true,
    });
    expect(Object.keys(model.evaluation).sort()).toEqual(['test_loss', 'test_mae', 'test_r2', 'test_rmse']);
    expect(model.evaluation.test_r2).toBeGreaterThan(0.5);
    expect(model.evaluation.test_rmse ** 2).toBeCloseTo(model.evaluation.test_loss, 4);
    expect(report).toMatchObject({ split: 'test', metrics: { r2: model.evaluation.test_r2 } });

    const noise = digits[0]!.map((row, y) => row.map((_, x) => 16 * ((x + y) % 2)));
    const answer = await ask([digits[0], digits[1], noise], { abstainAbove: 1.5 });
    const [digit, other, checkers] = answer.predictions as ReconstructionPrediction[];
    expect(Number(checkers!.error)).toBeGreaterThan(2 * Math.max(Number(digit!.error), Number(other!.error)));
    expect([digit!.abstained, checkers!.abstained]).toEqual([false, true]);
    const { image } = digit!.reconstruction as { image: number[][][] };
    expect([image.length, image[0]!.length, image[0]![0]!.length]).toEqual([8, 8, 1]);
    // In the pictures' own units, 0 … 16.
    const errors = image.flatMap((row, y) => row.map(([pixel], x) => (pixel! - digits[0]![y]![x]!) ** 2));
    expect(Math.sqrt(errors.reduce((sum, each) => sum + each) / 64)).toBeLessThan(5);

    const sampled = await ask([digits[0]], { mcDropout: { samples: 20, seed: 1, quantiles: [0, 1] } });
    const [{ error, errorStd, quantiles }] = sampled.predictions;
    expect(errorStd).toBeGreaterThan(0);
    expect(quantiles[0].value).toBeLessThan(error);
    expect(quantiles[1].value).toBeGreaterThan(error);
  });

  it('goes on from corrupted and from hidden ones, and by Monte-Carlo passes', async () => {
    const objectives = [
      { type: 'autoencoder', loss: { type: 'mae' } },
      { type: 'denoising', noise: 'gaussian', amount: 0.5 },
      { type: 'masked', share: 0.5, patch: 2 },
    ];
    const { job, model } = await pretrain(objectives, { evaluate: { mcDropout: { samples: 10 } } });
    const { evaluation } = model;
    // What was hidden is told far better than by the mean, by one pass and by many.
    expect(evaluation.test_r2).toBeGreaterThan(0.25);
    expect(evaluation.test_mc_r2).toBeGreaterThan(0.25);
    expect(job.metrics.val_rmse! ** 2).toBeCloseTo(job.metrics.val_loss!, 4);
    const stages = await service.context.store.stages.list(job.id);
    expect(stages.map(({ objective }) => objective)).toEqual(['autoencoder', 'denoising', 'masked']);
  });

  it('keeps to some classes, with nothing said of the target', async () => {
    const data = { classes: ['0', '1'], limitPerClass: 50 };
    const { report, model } = await pretrain([{ type: 'denoising' }], { data, epochs: 1 });
    expect(report).toMatchObject({ rows: 10 });
    expect(model).toMatchObject({ target: null, classes: null });
  });
});

it('tells by how much a digit was turned, as a classification', async () => {
  const { model, report, ask } = await pretrain([{ type: 'rotation' }], { epochs: 25 });
  expect(model).toMatchObject({ task: 'rotation', target: null, classes: ['0', '90', '180', '270'] });
  expect(model.evaluation.test_accuracy).toBeGreaterThan(0.75);
  expect(model.evaluation.test_auc).toBeGreaterThan(0.9);
  expect(report.classes).toEqual(['0', '90', '180', '270']);
  expect(report.confusionMatrix.flat().reduce((sum: number, each: number) => sum + each)).toBe(report.rows);

  const quarter = digits
    .slice(0, 40)
    .map((digit) => digit[0]!.map((_, y) => digit.map((row) => row[7 - y]!)));
  const answer = await ask(quarter);
  const predicted = answer.predictions.map((each: ClassificationPrediction) => each.predictedClass);
  expect(predicted.filter((each: string) => each === '90').length).toBeGreaterThan(25);
});

it('tells pairs of one digit from others, and predicts nothing of one', async () => {
  const { model, report, ask } = await pretrain([{ type: 'pairs' }], { epochs: 20 });
  expect(model).toMatchObject({ task: 'pairs', target: 'label', classes: null });
  expect(model.evaluation.test_auc).toBeGreaterThan(0.9);
  const { same, rows } = report;
  expect(same.truePositives + same.falseNegatives).toBe(rows / 2);
  expect(same.trueNegatives + same.falsePositives).toBe(rows / 2);
  expect(await ask([digits[0]])).toMatchObject({
    status: 422,
    code: 'noPredictions',
    detail: 'The model was trained to compare pairs; let another job take over its layers and predict',
  });
});

it('fills in the hidden columns of a table, whose target is left out', async () => {
  const data = { dataset: mixes, target: 'strength' };
  const { model, ask } = await pretrain([{ type: 'masked' }], { data, epochs: 20 });
  expect(model.inputs).not.toContain('strength');
  expect(model).toMatchObject({ task: 'reconstruction', target: null });
  expect(model.evaluation.test_r2).toBeGreaterThan(0.2);
  const mix = [540, 0, 0, 162, 2.5, 1040, 676, 28];
  const [{ reconstruction }] = (await ask([mix])).predictions;
  expect(Object.keys(reconstruction)).toEqual(model.inputs);
});

it('stops and goes on in the middle of an epoch, to the same model', async () => {
  const spec = {
    seed: 9,
    data: { dataset: pictures },
    model: { layers: [{ type: 'flatten' }, ...SLOW_MODEL.layers, { type: 'dense', units: 16 }] },
    stages: [{ objective: { type: 'pairs' }, epochs: 15, batchSize: 16, optimizer }],
    checkpoint: { everySteps: 25 },
  };
  const [straight, lost] = [await post('/v1/jobs', spec), await post('/v1/jobs', spec)];
  await service.untilEnded(straight.id);
  await service.until(lost.id, ({ step }) => (step ?? 0) > 130);
  process.kill(await trainerOf(worker), 'SIGKILL');
  await service.untilEnded(lost.id, 120);
  const models = await Promise.all([straight, lost].map(({ id }) => get(`/v1/jobs/${id}/artifacts`)));
  const [a, b] = models.map(({ data }) =>
    data.find(({ name }: { name: string }) => name === 'model.safetensors'),
  );
  expect(a.sha256).toBe(b.sha256);
  const runs = await get(`/v1/jobs/${lost.id}/runs`);
  expect(runs.data).toHaveLength(2);
}, 120_000);

describe('a GAN', () => {
  const gan = {
    type: 'gan',
    latent: 8,
    generator: { layers: [{ type: 'dense', units: 32, activation: 'relu' }] },
  };

  it('leaves a discriminator, a generator and pictures that this makes up', async () => {
    const { job, model, ask } = await pretrain([gan, gan], { epochs: 3 });
    expect(model).toMatchObject({ task: 'gan', target: null, inputShape: [8, 8, 1] });
    expect(Object.keys(model.evaluation).sort()).toEqual([
      'test_accuracy',
      'test_generatorLoss',
      'test_loss',
      'test_madeUpScore',
      'test_trueScore',
    ]);
    const { predictions } = await ask([digits[0]]);
    expect(predictions[0].probabilities.true).toBeGreaterThan(0);

    const { data } = await get('/v1/models?limit=200');
    const generator = data.find((other: { name: string }) => other.name === `${job.id}-generator`);
    expect(generator).toMatchObject({
      task: 'gan',
      inputs: ['z1', 'z2', 'z3', 'z4', 'z5', 'z6', 'z7', 'z8'],
      lineage: { jobId: job.id },
    });
    const noise = [[0.1, -1, 0.5, 0, 2, -0.3, 1, 0]];
    const made = await post(`/v1/models/${generator.id}/predictions`, { inputs: noise });
    const { image } = made.predictions[0].example;
    expect([image.length, image[0].length, image[0][0].length]).toEqual([8, 8, 1]);

    for (const stage of [1, 2]) {
      const url = `/v1/jobs/${job.id}/artifacts/samples-stage-${stage}.png`;
      const png = await app.inject({ method: 'GET', url });
      expect(png.headers['content-type']).toBe('image/png');
      expect(await sharp(png.rawPayload).metadata()).toMatchObject({ width: 64, height: 64, format: 'png' });
    }
    const losses = await get(`/v1/jobs/${job.id}/metrics?name=step_generator_loss`);
    expect(losses.data.length).toBeGreaterThan(0);
  });

  it.each<[string, object[], object]>([
    ['/stages/1/objective/generator', [gan, { ...gan, latent: 9 }], {}],
    [
      '/stages/0/objective/generator/layers',
      [{ ...gan, generator: { layers: [{ type: 'conv2d', filters: 2, kernelSize: 3 }] } }],
      {},
    ],
    ['/evaluate/mcDropout', [gan], { mcDropout: {} }],
  ])('is refused at %s', async (pointer, objectives, evaluate) => {
    const stages = objectives.map((objective) => ({ objective, epochs: 1 }));
    const problem = await post('/v1/jobs/validate', {
      data: { dataset: pictures },
      model: { layers },
      stages,
      evaluate,
    });
    expect(problem.errors.map((error: { pointer: string }) => error.pointer)).toEqual([pointer]);
  });
});
