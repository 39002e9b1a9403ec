import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildApp } from '../../apps/api/app.ts';
import { decodeModel } from '../../src/engine/predict/trained-model.ts';
import { TestService } from './service.ts';

/** Models that build on models: over HTTP, with a built worker and its real trainer. */

let service: TestService;
let app: FastifyInstance;
let projectId: string;
let datasetId: string;
let parentId: string;

const dense = (name: string) => ({ type: 'dense', name, units: 16, activation: 'relu' });
const classesBelow5 = ['0', '1', '2', '3', '4'];
const classesAbove = ['5', '6', '7', '8', '9'];

beforeAll(async () => {
  service = await TestService.start();
  app = await buildApp(service.context);
  await service.startWorker();
  ({ projectId, datasetId } = await service.upload('digits.csv'));
  parentId = (
    await train({
      name: 'lower-digits',
      data: { dataset: datasetId, target: 'digit', task: 'classification', classes: classesBelow5 },
      model: { layers: [dense('low'), { type: 'batchNorm', name: 'norm' }, dense('high')] },
      stages: [{ epochs: 6, optimizer: { type: 'adam', learningRate: 0.01 } }],
    })
  ).modelId;
});
afterAll(async () => {
  await app.close();
  await service.stop();
});

const post = (url: string, payload: object) => app.inject({ method: 'POST', url, payload });

async function train(spec: object): Promise<{ id: string; modelId: string }> {
  const response = await post('/v1/jobs', spec);
  if (response.statusCode !== 202) throw new Error(response.body);
  const { id } = response.json();
  const { status, failure, modelId } = await service.untilEnded(id);
  if (status !== 'succeeded') throw new Error(JSON.stringify(failure));
  return { id, modelId: modelId! };
}

async function readModel(modelId: string) {
  const { blobKey } = (await service.context.store.models.get(modelId, projectId))!;
  return decodeModel(await readFile(await service.context.blobs.localPath(blobKey)));
}

/** The data have pixels that are never lit, which is warned of too. */
const aboutStages = ({ warnings }: { warnings: { pointer: string }[] }) =>
  warnings.filter(({ pointer }) => pointer.startsWith('/stages'));

const child = (change: object = {}) => ({
  name: 'upper-digits',
  seed: 3,
  data: {
    dataset: datasetId,
    target: 'digit',
    task: 'classification',
    classes: classesAbove,
    limitPerClass: 20,
  },
  model: { from: { model: parentId, layers: 'all' }, layers: [dense('new')] },
  stages: [
    { name: 'frozen', trainable: 'new', epochs: 20, optimizer: { type: 'adam', learningRate: 0.01 } },
    { name: 'unfreeze', trainable: { top: 1 }, epochs: 4, learningRateScale: 0.1 },
  ],
  ...change,
});

describe('a job that builds on a model', () => {
  it('keeps what is frozen bit for bit, and its inputs as they were', async () => {
    const { id, modelId } = await train(child());
    const [parent, model] = [await readModel(parentId), await readModel(modelId)];
    for (const name of ['low/kernel', 'low/bias', 'norm/gamma', 'norm/movingMean', 'norm/movingVariance'])
      expect(model.weights[name]).toEqual(parent.weights[name]);
    expect(model.weights['high/kernel']).not.toEqual(parent.weights['high/kernel']);
    expect(model.preprocess.inputs).toEqual(parent.preprocess.inputs);
    expect(model.network.layers.map(({ name }) => name)).toEqual(['low', 'norm', 'high', 'new', 'output']);

    const events = (await service.context.store.events.list(id, 0, 100)).filter(
      ({ type }) => type === 'stage',
    );
    expect(events.map(({ data }) => data.cachedLayers)).toEqual([3, 2]);

    const resource = (await app.inject(`/v1/models/${modelId}`)).json();
    expect(resource.lineage).toEqual({
      jobId: id,
      datasetId,
      parentModelId: parentId,
      stages: [
        { name: 'frozen', objective: 'supervised', trainable: 'new', epochs: 20 },
        { name: 'unfreeze', objective: 'supervised', trainable: { top: 1 }, epochs: 4 },
      ],
      imported: null,
      seed: 3,
    });
    expect(resource.evaluation.test_accuracy).toBeGreaterThan(0.5);
    const inputs = [Array.from({ length: 64 }, (_, i) => i % 17)];
    const answer = (await post(`/v1/models/${modelId}/predictions`, { inputs })).json();
    expect(Object.keys(answer.predictions[0].probabilities)).toEqual(classesAbove);
  });

  it('finds the layers that it may take by name and count', async () => {
    const { data } = (await app.inject(`/v1/models/${parentId}/layers`)).json();
    expect(data.map(({ name }: { name: string }) => name)).toEqual(['low', 'norm', 'high', 'output']);
    expect(data[0]).toEqual({
      name: 'low',
      type: 'dense',
      inputShape: [64],
      outputShape: [16],
      parameters: 65 * 16,
    });
    expect((await app.inject('/v1/models/mdl_0/layers')).statusCode).toBe(404);
  });

  it('is described before it runs, reused layers first', async () => {
    const validation = (await post('/v1/jobs/validate', child())).json();
    expect(validation.layers.map(({ name }: { name: string }) => name)).toEqual([
      'low',
      'norm',
      'high',
      'new',
      'output',
    ]);
    expect(aboutStages(validation)).toEqual([]);
  });

  it.each([
    ['unfrozenAtOnce', '/stages/0/trainable', [{ epochs: 1, learningRateScale: 0.1 }]],
    ['unscaledReuse', '/stages/1/learningRateScale', [{ epochs: 1, trainable: 'new' }, { epochs: 1 }]],
  ])('is warned of %s', async (code, pointer, stages) => {
    const validation = (await post('/v1/jobs/validate', child({ stages }))).json();
    expect(aboutStages(validation)).toEqual([expect.objectContaining({ code, pointer })]);
  });

  it.each([
    ['/model/from/model', 'there is no model', { model: { from: { model: `mdl_${'0'.repeat(26)}` } } }],
    [
      '/model/from/layers',
      'the model has 4 layers',
      () => ({ model: { from: { model: parentId, layers: 5 } } }),
    ],
    [
      '/model/from/layers',
      'no layer named “nowhere”',
      () => ({ model: { from: { model: parentId, layers: { upTo: 'nowhere' } } } }),
    ],
    [
      '/model/from/model',
      'the model takes',
      { data: { ...child().data, dataset: undefined, inputs: ['p0', 'p1'] } },
    ],
    ['/stages/0/trainable', 'every layer is new', { model: { layers: [] } }],
    [
      '/model/layers/0/name',
      'another layer is named “low” too',
      () => ({ model: { from: { model: parentId }, layers: [dense('low')] } }),
    ],
  ] as [string, string, object | (() => object)][])(
    'is refused at %s: %s',
    async (pointer, message, change) => {
      const made = typeof change === 'function' ? change() : change;
      const spec = child(made) as { data: { dataset?: string } };
      spec.data.dataset = datasetId;
      const response = await post('/v1/jobs/validate', spec);
      expect(response.statusCode).toBe(422);
      const [error] = response.json().errors;
      expect(error.pointer).toBe(pointer);
      expect(error.message).toContain(message);
    },
  );
});
