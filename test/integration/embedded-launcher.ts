import { startEmbeddedPostgres } from '../../src/adapters/embedded/postgres.ts';

/** Runs the embedded Postgres of the home it is given until its parent says so, or kills it. */
const postgres = await startEmbeddedPostgres({ home: process.argv[2]!, notice: () => {} });
process.once('message', async () => {
  await postgres.stop();
  process.disconnect();
});
process.send!({ url: postgres.url, adopted: postgres.adopted });
