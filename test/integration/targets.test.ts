import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../apps/api/app.ts';
import { key, normal } from '../../src/random.ts';
import type { JobSpecInput } from '../../src/spec/job.ts';
import type {
  ClassificationPrediction,
  MultilabelPrediction,
  PredictionResponse,
  RegressionPrediction,
} from '../../src/spec/prediction.ts';
import type { DatasetResource } from '../../src/spec/resource/dataset.ts';
import type { JobResource } from '../../src/spec/resource/job.ts';
import type { ModelResource } from '../../src/spec/resource/model.ts';
import type { Problem } from '../../src/spec/resource/problem.ts';
import { TestService } from './service.ts';

/** Each kind of target over HTTP, with a built worker, its trainer and its predictor. */
let service: TestService;
let app: FastifyInstance;
let dataset: string;

const HEADER = 'a,b,wet,cold,size,y';

/** Two numbers; two labels, three sizes and a noisy sum that follow from them. */
const ROWS = Array.from({ length: 300 }, (_, i) => {
  const draw = (n: number) => normal(key('targets', n), i);
  const [a, b] = [draw(0), draw(1)];
  const size = ['large', 'middle', 'small'][a + b > 0.7 ? 0 : a + b < -0.7 ? 2 : 1];
  const y = 100 + 10 * (a + b) + (a > 0 ? 8 : 1) * draw(2);
  return [a, b, a > 0, Number(b > 0.2), size, y].join(',');
});

beforeAll(async () => {
  service = await TestService.start();
  app = await buildApp(service.context);
  await service.startWorker();
  const response = await app.inject({
    method: 'POST',
    url: '/v1/datasets?name=targets',
    headers: { 'content-type': 'text/csv' },
    payload: [HEADER, ...ROWS].join('\n'),
  });
  dataset = response.json<DatasetResource>().id;
});
afterAll(async () => {
  await app.close();
  await service.stop();
});

type Changes = Partial<Omit<JobSpecInput, 'data'>> & { data: Omit<JobSpecInput['data'], 'dataset'> };

const jobSpec = ({ data, ...rest }: Changes) => ({
  seed: 3,
  data: { dataset, inputs: ['a', 'b'], ...data },
  model: {
    layers: [
      { type: 'dense', units: 24, activation: 'tanh' },
      { type: 'dropout', rate: 0.1 },
    ],
  },
  stages: [{ epochs: 40, optimizer: { type: 'adam', learningRate: 0.01 } }],
  evaluate: { mcDropout: { samples: 20 } },
  ...rest,
});

const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload });
const get = async <T>(url: string) => (await app.inject({ method: 'GET', url })).json<T>();

async function train(changes: Changes): Promise<{ job: JobResource; model: ModelResource }> {
  const created = await post('/v1/jobs', jobSpec(changes));
  expect(created.statusCode, created.body).toBe(202);
  const { id, urls } = created.json<JobResource>();
  await service.untilEnded(id);
  const job = await get<JobResource>(urls.self);
  expect(job).toMatchObject({ status: 'succeeded', failure: null });
  return { job, model: await get<ModelResource>(job.urls.model!) };
}

async function predict<T>(model: ModelResource, request: object): Promise<T[]> {
  const response = await post(model.urls.predictions, request);
  expect(response.statusCode, response.body).toBe(200);
  return response.json<PredictionResponse>().predictions as T[];
}

const report = <T>({ urls }: JobResource) => get<T>(`${urls.artifacts}/evaluation.json`);

async function curve({ urls }: JobResource, name: string): Promise<number[]> {
  const { data } = await get<{ data: { value: number }[] }>(`${urls.metrics}?name=${name}`);
  return data.map(({ value }) => value);
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

describe('a job of several labels', () => {
  let job: JobResource;
  let model: ModelResource;

  beforeAll(async () => {
    ({ job, model } = await train({ data: { target: ['wet', 'cold'] } }));
  });

  it('is trained and evaluated, label by label', async () => {
    expect(model).toMatchObject({ task: 'multilabel', target: ['wet', 'cold'], classes: null });
    expect(job.spec.data.target).toEqual(['wet', 'cold']);
    expect(await curve(job, 'val_exactMatch')).toHaveLength(40);
    expect(job.metrics.test_accuracy).toBeGreaterThan(0.9);
    expect(job.metrics.test_auc).toBeGreaterThan(0.95);
    for (const name of [
      'test_exactMatch',
      'test_nll',
      'test_f1',
      'test_ece',
      'test_mc_nll',
      'test_mc_accuracy',
    ])
      expect(model.evaluation[name], name).toEqual(expect.any(Number));

    const { labels, rows } = await report<{ rows: number; labels: Record<string, number>[] }>(job);
    expect(labels.map(({ name }) => name)).toEqual(['wet', 'cold']);
    const counts = labels.map(({ truePositives, falsePositives, falseNegatives, trueNegatives }) => [
      truePositives!,
      falsePositives!,
      falseNegatives!,
      trueNegatives!,
    ]);
    expect(counts.map(sum)).toEqual([rows, rows]);
    const right = sum(counts.map(([hits, , , rejections]) => hits! + rejections!));
    expect(right / (2 * rows)).toBeCloseTo(Number(job.metrics.test_accuracy), 12);
  });

  it('predicts each label on its own, by one pass and by many', async () => {
    const inputs = [
      { a: 2, b: -2 },
      { a: -2, b: 2 },
      { a: 0, b: 0.2 },
    ];
    const [wet, cold, neither] = await predict<MultilabelPrediction>(model, { inputs, abstainAbove: 0.9 });
    expect(wet).toMatchObject({ predictedLabels: ['wet'], abstained: false });
    expect(cold).toMatchObject({ predictedLabels: ['cold'], abstained: false });
    expect(Object.keys(neither!.probabilities)).toEqual(['wet', 'cold']);
    expect(neither).toMatchObject({ abstained: true });
    expect(Number(neither!.predictiveEntropy)).toBeLessThanOrEqual(2 * Math.LN2);

    const mcDropout = { samples: 50, seed: 7, returnSamples: true };
    const many = await predict<MultilabelPrediction>(model, { inputs, mcDropout });
    expect(many[0]!.predictedLabels).toEqual(['wet']);
    for (const { samples, probabilities, probabilitiesStd, ...rest } of many) {
      expect(sum(samples!.map(({ cold }) => Number(cold))) / 50).toBeCloseTo(Number(probabilities.cold), 9);
      expect(probabilitiesStd!.wet).toBeGreaterThan(0);
      const parts = Number(rest.expectedEntropy) + Number(rest.mutualInformation);
      expect(parts).toBeCloseTo(Number(rest.predictiveEntropy), 9);
    }
    expect(await predict(model, { inputs, mcDropout })).toEqual(many);
  });

  it('refuses a label among its inputs', async () => {
    const response = await post(model.urls.predictions, { inputs: [{ a: 1, b: 1, cold: 1 }] });
    expect(response.json()).toMatchObject({ status: 422, errors: [{ pointer: '/inputs/0/cold' }] });
  });
});

describe('a job of a Gaussian', () => {
  let job: JobResource;
  let model: ModelResource;
  const gaussian = { type: 'supervised' as const, loss: { type: 'gaussianNll' as const } };
  const optimizer = { type: 'adam' as const, learningRate: 0.01 };

  beforeAll(async () => {
    const stages = [
      { epochs: 5, optimizer },
      {
        epochs: 60,
        optimizer,
        objective: gaussian,
        earlyStopping: { monitor: 'val_nll', patience: 60 },
      },
    ];
    ({ job, model } = await train({ data: { target: 'y' }, stages }));
  });

  it('is trained and evaluated in the target’s units', async () => {
    expect(model).toMatchObject({ task: 'regression', target: 'y' });
    expect(await curve(job, 'val_nll')).toHaveLength(65);
    expect(Number(job.metrics.test_r2)).toBeGreaterThan(0.6);
    // One Gaussian for all rows, at the data's own spread of about 15, would say log 15 + ½ log 2πe = 4.1.
    expect(Number(job.metrics.test_nll)).toBeGreaterThan(1.5);
    expect(Number(job.metrics.test_nll)).toBeLessThan(3.6);
    expect(Math.abs(Number(job.metrics.test_mc_nll) - Number(job.metrics.test_nll))).toBeLessThan(0.5);
    const { metrics } = await report<{ metrics: Record<string, number> }>(job);
    expect(metrics.nll).toBe(model.evaluation.test_nll);
  });

  it('predicts its noise in one pass', async () => {
    const inputs = [
      { a: -1, b: 0 },
      { a: 1, b: 0 },
    ];
    const predictions = await predict<RegressionPrediction>(model, { inputs, abstainAbove: 4 });
    const [quiet, loud] = predictions;
    expect(Object.keys(quiet!)).toEqual(['mean', 'aleatoricStd', 'abstained']);
    expect(Math.abs(Number(quiet!.mean) - 90)).toBeLessThan(5);
    expect(Number(quiet!.aleatoricStd)).toBeLessThan(4);
    expect(Number(loud!.aleatoricStd)).toBeGreaterThan(4);
    expect(predictions.map(({ abstained }) => abstained)).toEqual([false, true]);
  });

  it('predicts both uncertainties in many', async () => {
    const request = {
      inputs: [{ a: 1, b: 0 }],
      mcDropout: { samples: 60, seed: 1, quantiles: [0.05, 0.5, 0.95], returnSamples: true },
    };
    const [prediction] = await predict<RegressionPrediction>(model, request);
    const { mean, std, aleatoricStd, epistemicStd, quantiles, samples } = prediction!;
    expect(sum(samples!.map(Number)) / 60).toBeCloseTo(Number(mean), 6);
    expect(Number(epistemicStd)).toBeGreaterThan(0);
    expect(Number(std)).toBeCloseTo(Math.hypot(Number(aleatoricStd), Number(epistemicStd)), 9);
    const [low, middle, high] = quantiles!.map(({ value }) => Number(value));
    // About as far out as one Gaussian's of the total deviation.
    expect((high! - low!) / (2 * 1.645 * Number(std))).toBeCloseTo(1, 0.7);
    expect(Math.abs(middle! - Number(mean))).toBeLessThan(Number(std));
    expect(await predict(model, request)).toEqual([prediction]);
  });
});

it('A job of classes tells its top-k accuracy at every epoch, at the end and over many passes', async () => {
  const { job, model } = await train({
    data: { target: 'size' },
    stages: [{ epochs: 10 }],
    evaluate: { topK: 2, mcDropout: { samples: 10 } },
  });
  expect(await curve(job, 'topKAccuracy')).toHaveLength(10);
  expect(await curve(job, 'val_topKAccuracy')).toHaveLength(10);
  const { test_accuracy, test_topKAccuracy, test_mc_topKAccuracy } = model.evaluation;
  expect(Number(test_topKAccuracy)).toBeGreaterThan(Number(test_accuracy));
  expect(Number(test_mc_topKAccuracy)).toBeLessThanOrEqual(1);
  const [prediction] = await predict<ClassificationPrediction>(model, { inputs: [{ a: 2, b: 2 }] });
  expect(prediction!.predictedClass).toBe('large');
});

describe('a spec is refused, with a pointer, for', () => {
  const stage = (loss: object) => [{ epochs: 1, objective: { type: 'supervised', loss } }];

  it.each([
    ['a list of one target', { data: { target: ['wet'] } }, '/data/target', />=2/],
    ['a target that isn’t a name', { data: { target: 7 } }, '/data/target', /string, or of type array/],
    ['a name in it that is none', { data: { target: ['wet', ''] } }, '/data/target/1', />=1/],
    [
      'a target that is no label',
      { data: { target: ['wet', 'size'] } },
      '/data/target/1',
      /“size” has other/,
    ],
    ['a target twice', { data: { target: ['wet', 'wet'] } }, '/data/target/1', /stands twice/],
    ['a target that isn’t there', { data: { target: ['wet', 'colt'] } }, '/data/target/1', /“cold”/],
    ['a target that is an input', { data: { target: ['wet', 'a'] } }, '/data/inputs/0', /is the target/],
    [
      'another task of labels',
      { data: { target: ['wet', 'cold'], task: 'regression' } },
      '/data/task',
      /single/,
    ],
    ['a multilabel task of one', { data: { target: 'wet', task: 'multilabel' } }, '/data/target', /list/],
    [
      'class weights of labels',
      { data: { target: ['wet', 'cold'], classWeights: 'balanced' } },
      '/data/classWeights',
      /this is multilabel/,
    ],
    [
      'a loss of another task',
      { data: { target: ['wet', 'cold'] }, stages: stage({ type: 'mse' }) },
      '/stages/0/objective/loss/type',
      /takes binaryCrossEntropy/,
    ],
    [
      'a Gaussian of classes',
      { data: { target: 'size' }, stages: stage({ type: 'gaussianNll' }) },
      '/stages/0/objective/loss/type',
      /doesn’t suit a classification/,
    ],
    [
      'smoothing labels away',
      { data: { target: ['wet', 'cold'] }, stages: stage({ type: 'binaryCrossEntropy', labelSmoothing: 1 }) },
      '/stages/0/objective/loss/labelSmoothing',
      /<1/,
    ],
    [
      'a top-k of a regression',
      { data: { target: 'y' }, evaluate: { topK: 2 } },
      '/evaluate/topK',
      /regression/,
    ],
    [
      'a top-k of labels',
      { data: { target: ['wet', 'cold'] }, evaluate: { topK: 2 } },
      '/evaluate/topK',
      /multi/,
    ],
    ['a top-k of all', { data: { target: 'size' }, evaluate: { topK: 3 } }, '/evaluate/topK', /3 classes/],
    ['a top-1', { data: { target: 'size' }, evaluate: { topK: 1 } }, '/evaluate/topK', />=2/],
  ])('%s', async (_what, changes, pointer, message) => {
    for (const url of ['/v1/jobs/validate', '/v1/jobs']) {
      const response = await post(url, jobSpec(changes as unknown as Changes));
      expect(response.statusCode, response.body).toBe(422);
      const { errors } = response.json<Problem>();
      expect(errors!.find((error) => error.pointer === pointer)?.message, response.body).toMatch(message);
    }
  });
});
