import { mkdir, mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../src/adapters/db/migrate.ts';
import { startEmbeddedPostgres } from '../src/adapters/embedded/postgres.ts';
import { MIGRATIONS, schemaDiff } from './schema-engine.ts';

/**
 * `npx tsx scripts/new-migration.ts add_webhooks`: writes the migration that brings the tables from where the
 * migrations leave them to where `prisma/schema.prisma` wants them. Read it before you commit it.
 */
const [name] = process.argv.slice(2);
if (!/^[a-z_]+$/.test(name ?? '')) throw new Error('Name the migration in lower case, such as add_webhooks');

const home = await mkdtemp(join(tmpdir(), 'trainyard-migration-'));
const postgres = await startEmbeddedPostgres({ home, notice: () => {} });
try {
  await migrate(postgres.url);
  const folder = join(MIGRATIONS, `${new Date().toISOString().replace(/\D/g, '').slice(0, 14)}_${name}`);
  await mkdir(folder);
  await writeFile(join(folder, 'migration.sql'), await schemaDiff(postgres.url));
  console.log(folder);
} finally {
  await postgres.stop();
  await rm(await realpath(join(home, 'postgres')), { recursive: true });
  await rm(home, { recursive: true });
}
