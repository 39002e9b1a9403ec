import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildApp } from '../../apps/api/app.ts';
import { decodeModelFile } from '../../src/model-file.ts';
import type { ModelResource } from '../../src/spec/resource/model.ts';
import { importForm } from '../form.ts';
import { smallModel } from '../small-model.ts';
import { sequential } from '../unit/spec/topology-fixture.ts';
import { TestService } from './service.ts';

/** A built worker behind the API, with models of another's. */
let service: TestService;
let app: FastifyInstance;

beforeAll(async () => {
  service = await TestService.start();
  app = await buildApp(service.context);
  await service.startWorker();
});
afterAll(async () => {
  await app.close();
  await service.stop();
});

async function imported(
  files: Record<string, Buffer>,
  fields?: Record<string, string>,
): Promise<ModelResource> {
  const response = await app.inject({ method: 'POST', url: '/v1/models', ...importForm(files, fields) });
  expect(response.statusCode, response.body).toBe(201);
  return response.json<ModelResource>();
}

const predict = (model: ModelResource, payload: object) =>
  app.inject({ method: 'POST', url: model.urls.predictions, payload });

it('predicts by the weights that it came with, and by Monte-Carlo dropout', async () => {
  const model = await imported(smallModel(), { classes: '["no", "yes"]', inputs: '["a", "b", "c"]' });
  const answer = await predict(model, { inputs: [{ a: 1, b: 2, c: 9 }, [0, 0, 0]] });
  // (1, 2) + (½, −½), and ¼ more for “yes”.
  const yes = (difference: number) => 1 / (1 + Math.exp(-difference));
  const [first, second] = answer.json().predictions;
  expect(first.predictedClass).toBe('yes');
  expect(first.probabilities.yes).toBeCloseTo(yes(1.5 + 0.25 - 1.5), 5);
  expect(second.probabilities.yes).toBeCloseTo(yes(-0.5 + 0.25 - 0.5), 5);

  const many = await predict(model, { inputs: [[1, 2, 9]], mcDropout: { samples: 50, seed: 1 } });
  expect(many.json()).toMatchObject({ samplesUsed: 50 });
  expect(many.json().predictions[0].probabilitiesStd.yes).toBeGreaterThan(0.05);
});

it('makes of a picture’s bytes what its network takes', async () => {
  const topology = sequential(
    { class_name: 'InputLayer', config: { batch_input_shape: [null, 2, 2, 1] } },
    { class_name: 'GlobalAveragePooling2D' },
  );
  const modelJson = { modelTopology: topology, weightsManifest: [{ paths: ['none.bin'], weights: [] }] };
  const files = { 'model.json': Buffer.from(JSON.stringify(modelJson)), 'none.bin': Buffer.alloc(0) };
  const model = await imported(files, { input: 'minusOneToOne' });
  expect(model).toMatchObject({ task: 'regression', inputs: ['image'] });
  const answer = await predict(model, {
    inputs: [
      [
        [[0], [255]],
        [[255], [255]],
      ],
    ],
  });
  expect(answer.json().predictions[0].mean).toBeCloseTo(0.5, 5);
});

it('answers plainly where its head suits no task', async () => {
  const relu = smallModel()['model.json']!.toString().replace('"softmax"', '"relu"');
  const model = await imported({ ...smallModel(), 'model.json': Buffer.from(relu) });
  expect(model.task).toBeNull();
  const answer = await predict(model, { inputs: [[1, 2, 3]] });
  expect(answer.json()).toMatchObject({
    status: 422,
    code: 'noTask',
    detail: expect.stringContaining('suits no task'),
  });
});

it('lends its layers to a job, whose frozen weights stay those that it came with', async () => {
  const base = await imported(smallModel(0), { inputs: '["cement", "slag", "water"]' });
  const { projectId, datasetId } = await service.upload('concrete.csv');
  const { id } = await service.create(projectId, {
    seed: 1,
    data: { dataset: datasetId, target: 'strength', inputs: ['cement', 'slag', 'water'] },
    model: { from: { model: base.id, layers: 'all' }, layers: [{ type: 'dense', units: 2 }] },
    stages: [{ epochs: 1, trainable: 'new' }],
  });
  const job = await service.untilEnded(id);
  expect(job).toMatchObject({ status: 'succeeded', failure: null });
  const model = (await app.inject({ url: `/v1/models/${job.modelId}` })).json<ModelResource>();
  expect(model.lineage).toMatchObject({ parentModelId: base.id, imported: null });

  const file = await app.inject({ url: `/v1/jobs/${id}/artifacts/model.safetensors` });
  const { weights } = decodeModelFile(file.rawPayload);
  expect(weights['layer_0/kernel']!.data).toEqual(Float32Array.of(1, 0, 0, 1, 0, 0));
  expect(weights['layer_0/bias']!.data).toEqual(Float32Array.of(0.5, -0.5));
});
