import { expect, it } from 'vitest';
import { redisInstalled } from '../redis.ts';
import { soak } from './soak/soak.ts';
import { judge } from './verdict.ts';
import { WholeService } from './whole-service.ts';

/** A short one; `npm run soak` is the long one. */
it.each([
  { queue: 'Redis', redis: true, seed: 3 },
  { queue: 'Postgres', redis: false, seed: 4 },
])(
  'whatever strikes at random, with the queue on $queue, nothing is lost or doubled',
  async ({ redis, seed }) => {
    if (redis && !redisInstalled) return;
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
  },
  400_000,
);
