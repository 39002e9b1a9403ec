import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Files start real servers and trainers; more of them at once than cores only makes time limits lie.
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'alone', include: ['test/{unit,parity}/**/*.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: ['test/{contract,integration,chaos,e2e}/**/*.test.ts'],
          globalSetup: 'test/postgres.ts',
        },
      },
    ],
  },
});
