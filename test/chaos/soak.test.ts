import { expect, it } from 'vitest';
import { redisInstalled } from '../redis.ts';
import { soak } from './soak/soak.ts';
import { judge } from './verdict.ts';
import { WholeService } from './whole-service.ts';

/** Short ones; `npm run soak` is the long one. */
async function striking(redis: boolean, seed: number): Promise<void> {
  const service = await WholeService.start({ redis });
  try {
    const verdict = judge(await soak(service, { seed, faults: 8, users: 3 }));
    expect(verdict.faults).toEqual([]);
    expect(verdict.jobs.accepted).toBeGreaterThan(2);
    expect(verdict.jobs).toMatchObject({ lost: 0, doubled: 0, succeeded: verdict.jobs.accepted });
    expect(verdict.weights.different).toBe(0);
  } finally {
    await service.stop();
  }
}

const name = 'whatever strikes at random, nothing is lost or doubled, with the queue on';
it.skipIf(!redisInstalled)(`${name} Redis`, () => striking(true, 3), 400_000);
it(`${name} Postgres`, () => striking(false, 4), 400_000);
