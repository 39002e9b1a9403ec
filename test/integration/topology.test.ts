import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildApp } from '../../apps/api/app.ts';
import type { JobResource } from '../../src/spec/resource/job.ts';
import { topologyFixture } from '../unit/spec/topology-fixture.ts';
import { TestService } from './service.ts';

/** A built worker behind the API, with a topology as Keras writes it. */
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

it('a residual net of Keras’s learns digits, and is asked for predictions', async () => {
  const { datasetId } = await service.upload('digits.csv');
  const posted = await app.inject({
    method: 'POST',
    url: '/v1/jobs',
    payload: {
      seed: 1,
      data: { dataset: datasetId, target: 'digit', task: 'classification', limitPerClass: 60 },
      model: { topology: topologyFixture('residual.keras3') },
      stages: [{ epochs: 4, optimizer: { type: 'adam', learningRate: 0.01 } }],
      evaluate: { mcDropout: { samples: 5 } },
    },
  });
  expect(posted.statusCode, posted.body).toBe(202);
  const { id, urls } = posted.json<JobResource>();
  await service.untilEnded(id);
  const job = (await app.inject({ url: urls.self })).json<JobResource>();
  expect(job).toMatchObject({ status: 'succeeded', failure: null });

  const model = (await app.inject({ url: `/v1/models/${job.modelId}` })).json();
  expect(model).toMatchObject({ task: 'classification', stochastic: true });
  expect(model.evaluation.test_accuracy).toBeGreaterThan(0.5);
  const answer = await app.inject({
    method: 'POST',
    url: `/v1/models/${job.modelId}/predictions`,
    payload: { inputs: [Array.from({ length: 64 }, (_, i) => i % 16)], mcDropout: { samples: 10, seed: 1 } },
  });
  const [{ probabilities }] = answer.json().predictions;
  const sum = Object.values<number>(probabilities).reduce((total, p) => total + p, 0);
  expect(sum).toBeCloseTo(1, 5);
});
