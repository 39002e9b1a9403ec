import { createHash } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { diagnoseHistory, MIGRATIONS, schemaDiff } from '../../scripts/schema-engine.ts';
import { migrate } from '../../src/adapters/db/migrate.ts';
import { createTestDatabase } from '../postgres.ts';

let database: Awaited<ReturnType<typeof createTestDatabase>>;
let client: pg.Client;
let folder: string;

beforeEach(async () => {
  database = await createTestDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
  folder = await mkdtemp(join(tmpdir(), 'trainyard-migrations-'));
  await cp(MIGRATIONS, folder, { recursive: true });
});
afterEach(async () => {
  await client.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

test('The migrations make exactly the tables of the Prisma schema', async () => {
  expect(await schemaDiff(database.url)).toBe('-- This is an empty migration.\n');
  await client.query('ALTER TABLE metric ALTER COLUMN value TYPE real');
  expect(await schemaDiff(database.url)).toContain('ALTER TABLE "metric"');
});

test('Prisma’s own engine finds the history in order, checksums and all', async () => {
  const inOrder = {
    history: null,
    failedMigrationNames: [],
    editedMigrationNames: [],
    hasMigrationsTable: true,
  };
  expect(await diagnoseHistory(database.url)).toMatchObject(inOrder);
  await client.query(`UPDATE _prisma_migrations SET checksum = 'other'`);
  const { editedMigrationNames } = await diagnoseHistory(database.url);
  expect(editedMigrationNames).toEqual(await names(MIGRATIONS));
});

test('Of several that migrate an empty database at once one does, and the others find it done', async () => {
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  const applied = await Promise.all([1, 2, 3].map(() => migrate(database.url)));
  expect(applied.flat()).toEqual(await names(MIGRATIONS));
  expect(await schemaDiff(database.url)).toBe('-- This is an empty migration.\n');
});

test('A new migration is applied once and noted with the hash of its file', async () => {
  const sql = 'CREATE TABLE extra (id TEXT PRIMARY KEY);\nINSERT INTO extra VALUES ($$a;b$$);\n';
  await addMigration('99990101000000_extra', sql);
  expect(await migrate(database.url, folder)).toEqual(['99990101000000_extra']);
  expect(await migrate(database.url, folder)).toEqual([]);
  const { rows } = await client.query(
    `SELECT checksum, applied_steps_count, finished_at >= started_at AS finished FROM _prisma_migrations
     WHERE migration_name = '99990101000000_extra'`,
  );
  const checksum = createHash('sha256').update(sql).digest('hex');
  expect(rows).toEqual([{ checksum, applied_steps_count: 1, finished: true }]);
});

test('A migration that fails leaves nothing behind, and is applied once it is mended', async () => {
  await addMigration('99990101000000_extra', 'CREATE TABLE extra (id TEXT);\nCREATE TABLE metric (id TEXT);');
  await expect(migrate(database.url, folder)).rejects.toThrow(/99990101000000_extra failed.*metric/);
  expect((await client.query(`SELECT to_regclass('extra') AS there`)).rows).toEqual([{ there: null }]);
  await addMigration('99990101000000_extra', 'CREATE TABLE extra (id TEXT);');
  expect(await migrate(database.url, folder)).toEqual(['99990101000000_extra']);
});

test('A migration that was changed after it was applied is refused, and so is one left half done', async () => {
  const [first] = await names(folder);
  const path = join(folder, first!, 'migration.sql');
  await writeFile(path, `${await readFile(path, 'utf8')}-- edited`);
  await expect(migrate(database.url, folder)).rejects.toThrow(`${first} was changed`);
  await client.query('UPDATE _prisma_migrations SET finished_at = NULL');
  await expect(migrate(database.url)).rejects.toThrow(`${first} failed earlier`);
});

test('A model’s one target becomes the first of its targets', async () => {
  const later = (await names(folder)).filter((name) => name >= '20261125134923');
  for (const name of later) await rm(join(folder, name), { recursive: true });
  await client.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await migrate(database.url, folder);
  await client.query(
    `INSERT INTO project (id, name) VALUES ('prj_1', 'default');
     INSERT INTO model (id, project_id, job_id, dataset_id, name, version, task, inputs, target, classes,
                        parameters, stochastic, seed, blob_key, bytes, evaluation, created_at)
     VALUES ('mdl_1', 'prj_1', 'job_1', 'ds_1', 'line', 1, 'regression', '{a,b}', 'the {target}', '{}',
             3, false, 0, 'blob', 1, '{}', now())`,
  );
  await migrate(database.url);
  expect((await client.query('SELECT targets FROM model')).rows).toEqual([{ targets: ['the {target}'] }]);
});

async function addMigration(name: string, sql: string): Promise<void> {
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, 'migration.sql'), sql);
}

async function names(migrations: string): Promise<string[]> {
  return (await readdir(migrations)).filter((name) => /^\d/.test(name)).sort();
}
