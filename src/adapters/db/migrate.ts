import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import pg from 'pg';

/** The lock that Prisma's own CLI takes, so that the two exclude each other. */
const LOCK = 72707369;

const HISTORY = `CREATE TABLE IF NOT EXISTS _prisma_migrations (
  id                  VARCHAR(36) PRIMARY KEY NOT NULL,
  checksum            VARCHAR(64) NOT NULL,
  finished_at         TIMESTAMPTZ,
  migration_name      VARCHAR(255) NOT NULL,
  logs                TEXT,
  rolled_back_at      TIMESTAMPTZ,
  started_at          TIMESTAMPTZ NOT NULL DEFAULT now(),
  applied_steps_count INTEGER NOT NULL DEFAULT 0
)`;

interface Migration {
  name: string;
  sql: string;
  checksum: string;
}

interface AppliedMigration {
  checksum: string;
  finished_at: Date | null;
}

/**
 * Brings the database's tables up to date. It keeps the same history as `prisma migrate deploy`, which may be
 * used on the same database; that command needs an engine binary, and this doesn't. Several processes may
 * call it at the same time: one migrates, the others wait.
 * @param folder of migrations, by default the project's own
 * @returns the names of the migrations applied now
 * @throws Error when a migration was edited after it was applied, or was left half done by another tool
 */
export async function migrate(url: string, folder = migrationsFolder()): Promise<string[]> {
  const migrations = await readMigrations(folder);
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await client.query(HISTORY);
    const applied: string[] = [];
    for (const migration of migrations) {
      if (await isApplied(client, migration)) continue;
      await apply(client, migration);
      applied.push(migration.name);
    }
    return applied;
  } finally {
    await client.end(); // which lets go of the lock
  }
}

/** `prisma/migrations`, beside `src` in the sources and beside `dist` in a build. */
function migrationsFolder(): string {
  for (let folder = import.meta.dirname; folder !== dirname(folder); folder = dirname(folder)) {
    const candidate = join(folder, 'prisma', 'migrations');
    if (existsSync(candidate)) return candidate;
  }
  throw new Error(`There is no folder prisma/migrations above ${import.meta.dirname}`);
}

async function readMigrations(folder: string): Promise<Migration[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
  return Promise.all(
    names.sort().map(async (name) => {
      const sql = await readFile(join(folder, name, 'migration.sql'), 'utf8');
      return { name, sql, checksum: createHash('sha256').update(sql).digest('hex') };
    }),
  );
}

async function isApplied(client: pg.Client, { name, checksum }: Migration): Promise<boolean> {
  const { rows } = await client.query<AppliedMigration>(
    'SELECT checksum, finished_at FROM _prisma_migrations WHERE migration_name = $1 AND rolled_back_at IS NULL',
    [name],
  );
  const [row] = rows;
  if (!row) return false;
  if (!row.finished_at)
    throw new Error(`The migration ${name} failed earlier and has to be resolved by hand`);
  if (row.checksum !== checksum) throw new Error(`The migration ${name} was changed after it was applied`);
  return true;
}

/** All or nothing: the tables and the note of it in one transaction. */
async function apply(client: pg.Client, { name, sql, checksum }: Migration): Promise<void> {
  await client.query('BEGIN');
  try {
    await client.query(sql);
    await client.query(
      `INSERT INTO _prisma_migrations (id, checksum, migration_name, started_at, finished_at, applied_steps_count)
       VALUES ($1, $2, $3, now(), clock_timestamp(), 1)`,
      [randomUUID(), checksum, name],
    );
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw new Error(`The migration ${name} failed: ${(error as Error).message}`, { cause: error });
  }
}
