import { migrate as migrateDatabase } from '../../src/adapters/db/migrate.ts';
import { loadConfig } from '../../src/config.ts';
import { CommandError } from './command-error.ts';

/** `trainyard migrate`: brings the database that DATABASE_URL names up to date; safe to run at any time. */
export async function migrate(): Promise<void> {
  const { databaseUrl } = loadConfig();
  if (databaseUrl === undefined) throw new CommandError('Set DATABASE_URL to the database to migrate.');
  await migrateDatabase(databaseUrl);
  console.log('The database is up to date.');
}
