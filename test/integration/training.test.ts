import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeCheckpoint } from '../../src/engine/train/train-state.ts';
import type { ModelRow } from '../../src/jobs/rows.ts';
import type { JobSpecInput } from '../../src/spec/job.ts';
import { PredictionRequest } from '../../src/spec/prediction.ts';
import { TestService } from './service.ts';

/** A built worker with its real trainer and predictor, on real data. */
let service: TestService;
let projectId: string;
let datasetId: string;

beforeAll(async () => {
  service = await TestService.start();
  await service.startWorker();
  ({ projectId, datasetId } = await service.upload('concrete.csv'));
});
afterAll(() => service.stop());

const train = async (spec: Pick<JobSpecInput, 'model' | 'stages'>) => {
  const data = { dataset: datasetId, target: 'strength' };
  const job = await service.create(projectId, { seed: 1, data, ...spec });
  return service.untilEnded(job.id);
};
const modelOf = async ({ modelId }: { modelId: string | null }): Promise<ModelRow> =>
  (await service.context.store.models.get(modelId!, projectId))!;
const ask = (model: ModelRow, request: object) =>
  service.context.predictions.predict(model, PredictionRequest.parse(request));

const mix = {
  cement: 540,
  slag: 0,
  fly_ash: 0,
  water: 162,
  superplasticizer: 2.5,
  coarse_aggregate: 1040,
  fine_aggregate: 676,
  age: 28,
};

describe('a training that diverges', () => {
  it('fails by its code, says where, and keeps the last finite checkpoint', async () => {
    const job = await train({
      model: { layers: [{ type: 'dense', name: 'hidden', units: 16, activation: 'relu' }] },
      stages: [{ epochs: 20, optimizer: { type: 'sgd', learningRate: 1e6 } }],
    });
    expect(job).toMatchObject({ status: 'failed', faults: 1 });
    expect(job.failure).toMatchObject({
      code: 'diverged',
      retryable: false,
      stage: 1,
      step: expect.any(Number),
    });
    expect(['hidden', 'output']).toContain(job.failure!.layer);
    const [kept] = await service.context.store.checkpoints.list(job.id);
    const file = await readFile(await service.context.blobs.localPath(kept!.blobKey));
    const { weights, position } = decodeCheckpoint(file);
    expect(position.step).toBe(job.failure!.step! - 1);
    expect(Object.values(weights).every(({ data }) => data.every(Number.isFinite))).toBe(true);
  });
});

describe('a trained model', () => {
  it('answers in the target’s units, the same for the same seed, and refuses what it can’t take', async () => {
    const dropout = [
      { type: 'dense' as const, units: 32, activation: 'relu' as const },
      { type: 'dropout' as const, rate: 0.2 },
    ];
    const model = await modelOf(await train({ model: { layers: dropout }, stages: [{ epochs: 30 }] }));
    const request = {
      inputs: [mix, Object.values(mix)],
      mcDropout: { samples: 50, seed: 7 },
      abstainAbove: 0,
    };
    const answer = await ask(model, request);
    expect(answer.samplesUsed).toBe(50);
    const [byName, byOrder] = answer.predictions as { mean: number; std: number; abstained: boolean }[];
    expect(byName).toEqual(byOrder);
    expect(byName!.mean).toBeGreaterThan(20);
    expect(byName!.mean).toBeLessThan(90);
    expect(byName!.std).toBeGreaterThan(0);
    expect(byName!.abstained).toBe(true);
    expect(await ask(model, request)).toEqual(answer);

    const { water: _, ...withoutWater } = mix;
    await expect(ask(model, { inputs: [mix, withoutWater] })).rejects.toMatchObject({
      code: 'invalidInput',
      errors: [{ pointer: '/inputs/1/water', message: expect.stringContaining('missing') }],
    });
  });

  it('has no Monte-Carlo dropout without a dropout layer', async () => {
    const model = await modelOf(await train({ model: { layers: [] }, stages: [{ epochs: 1 }] }));
    expect(model.stochastic).toBe(false);
    await expect(ask(model, { inputs: [mix], mcDropout: {} })).rejects.toMatchObject({
      code: 'notStochastic',
      errors: [{ pointer: '/mcDropout' }],
    });
    expect((await ask(model, { inputs: [mix] })).predictions).toHaveLength(1);
  });
});
