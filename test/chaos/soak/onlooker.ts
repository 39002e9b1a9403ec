import { setTimeout as sleep } from 'node:timers/promises';
import type { ModelResource } from '../../../src/spec/resource/model.ts';
import type { Client } from '../client.ts';

const PAUSE_MS = 250;
/** A row of the concrete data. */
const ROW = {
  cement: 540,
  slag: 0,
  fly_ash: 0,
  water: 162,
  superplasticizer: 2.5,
  coarse_aggregate: 1040,
  fine_aggregate: 676,
  age: 28,
};

/**
 * Looks at lists and asks a model again and again, as a dashboard does, taking a 503 for an answer.
 * @returns what isn't as it was: the same question of the same model has the same answer
 */
export async function lookOn(client: Client, isOver: () => boolean): Promise<string[]> {
  const faults: string[] = [];
  const model = await anyModel(client);
  const question = {
    method: 'POST',
    body: { inputs: [ROW], mcDropout: { samples: 50, seed: 7 } },
  };
  const path = `/v1/models/${model}/predictions`;
  const first = await (await client.ask(path, question)).text();
  for (let turn = 0; !isOver(); turn++, await sleep(PAUSE_MS)) {
    await (await client.try(turn % 2 === 0 ? '/v1/jobs?limit=50' : '/v1/workers'))?.body?.cancel();
    const answer = await client.try(path, question);
    const text = await answer?.text().catch(() => undefined);
    if (answer?.status === 200 && text !== undefined && text !== first) faults.push(`${path}: ${text}`);
    else if (answer && answer.status !== 200 && answer.status !== 503)
      faults.push(`${path}: ${answer.status} ${text}`);
  }
  return faults;
}

async function anyModel(client: Client): Promise<string> {
  const { data } = await client.json<{ data: ModelResource[] }>('/v1/models?limit=100');
  return data.find(({ task, stochastic }) => task === 'regression' && stochastic)!.id;
}
