import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ATTACKS } from '../../attack/attacks.ts';
import { suffer } from '../../attack/watch.ts';
import { ApiProcess } from '../../fuzz/service.ts';
import { createTestDatabase } from '../../postgres.ts';

/**
 * A built API, to which each attack is sent in turn. It answers with a refusal that says why, its memory stays, and
 * meanwhile it answers others. `TRAINYARD_ATTACKS=table` prints what was measured.
 */

/** Of what it held before. Garbage counts, so this is more than any attack needs. */
const MOST_GROWTH_MIB = 200;
/** Of `GET /health/live`, with a test’s other processes beside it. */
const MOST_BLOCKED_MS = 2_000;

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let api: ApiProcess;
beforeAll(async () => {
  database = await createTestDatabase();
  api = await ApiProcess.start(database.url, { LOG_LEVEL: 'warn' });
});
afterAll(async () => {
  await api.stop();
  await database.drop();
});

describe.skipIf(process.platform !== 'linux')('the service withstands', () => {
  it.each(ATTACKS)('%s', { timeout: 60_000 }, async (name, make, status, says) => {
    const { answer, ...damage } = await suffer(api, await make());
    if (process.env.TRAINYARD_ATTACKS === 'table')
      console.log(
        `| ${name} | ${damage.status} | ${damage.seconds.toFixed(1)} s | ${Math.max(0, damage.grownMiB).toFixed(0)} MiB | ${damage.blockedMs.toFixed(0)} ms |`,
      );
    expect(answer).toMatch(says);
    expect(damage.status).toBe(status);
    expect(damage.grownMiB).toBeLessThan(MOST_GROWTH_MIB);
    expect(damage.blockedMs).toBeLessThan(MOST_BLOCKED_MS);
    expect(api.runs).toBe(true);
  });

  it('and has noted no fault of its own', async () => {
    expect(await api.log()).not.toMatch(/"level":"(error|fatal)"/);
  });
});
