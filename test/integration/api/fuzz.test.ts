import { expect, it } from 'vitest';
import { fuzz } from '../../fuzz/fuzz.ts';
import { ApiProcess } from '../../fuzz/service.ts';
import { createTestDatabase } from '../../postgres.ts';

const SEED = 500;
const REQUESTS = 700;

// `npm run fuzz` sends as many as one likes.
it('answers what nobody sends who means well, and lives on', { timeout: 120_000 }, async () => {
  const database = await createTestDatabase();
  const api = await ApiProcess.start(database.url);
  try {
    const { failures, tallies } = await fuzz(api, SEED, REQUESTS);
    expect(failures.map(({ index, fault, answer }) => ({ index, fault, answer }))).toEqual([]);
    expect(api.runs).toBe(true);
    // Not everything was refused before it was looked at.
    for (const operation of ['createDataset', 'createJob', 'createPipeline', 'importModel', 'validateJob'])
      expect(Object.keys(tallies.get(operation)!.statuses)).toEqual(
        expect.arrayContaining([expect.stringMatching(/^20/), '422']),
      );
    expect(tallies.get('createWebhook')!.statuses).toHaveProperty('201');
  } finally {
    await api.stop();
    await database.drop();
  }
});
