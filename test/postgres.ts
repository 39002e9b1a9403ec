import { randomBytes } from 'node:crypto';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { migrate } from '../src/adapters/db/migrate.ts';
import { query, startTestPostgres } from './postgres-server.ts';

/** One server a test run; each caller gets a clone of a migrated template, so no test sees another's rows. */

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

const TEMPLATE = 'trainyard_template';

/** Vitest's global setup: starts the server and prepares the template. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const server = await startTestPostgres({ fsync: 'off', max_connections: 300 });
  await query(server.url, `CREATE DATABASE ${TEMPLATE}`);
  await migrate(databaseOf(server.url, TEMPLATE));
  project.provide('postgresUrl', server.url);
  return server.drop;
}

/** A database of its own, migrated and empty; `drop` ends whatever is still connected to it. */
export async function createTestDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = inject('postgresUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(server, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  const drop = async () => void (await query(server, `DROP DATABASE ${name} WITH (FORCE)`));
  return { url: databaseOf(server, name), drop };
}

function databaseOf(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = name;
  return url.href;
}
