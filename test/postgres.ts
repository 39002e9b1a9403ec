import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import type { TestProject } from 'vitest/node';
import { migrate } from '../src/adapters/db/migrate.ts';
import { embeddedBinaries } from '../src/adapters/embedded/binaries.ts';
import {
  type Cluster,
  createCluster,
  freePort,
  paths,
  type Settings,
  serverUrl,
  serverUser,
  startServer,
} from '../src/adapters/embedded/cluster.ts';

/**
 * A real Postgres for the tests: the machine's own where Debian installed one, else the one from npm.
 * One server a test run; each caller gets a clone of a migrated template, so no test sees another's rows.
 */

declare module 'vitest' {
  interface ProvidedContext {
    postgresUrl: string;
  }
}

const TEMPLATE = 'trainyard_template';
const DEBIAN = '/usr/lib/postgresql';

/** Vitest's global setup: starts the server and prepares the template. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { url, end } = await startTestServer({ fsync: 'off', max_connections: 300 });
  await query(url, `CREATE DATABASE ${TEMPLATE}`);
  await migrate(databaseAt(url, TEMPLATE));
  project.provide('postgresUrl', url);
  return end;
}

/** A server of its own, which ends with this process; `end` ends it before. */
export async function startTestServer(settings: Settings): Promise<{ url: string; end(): Promise<void> }> {
  const cluster = await createTestCluster();
  const end = guardServer(cluster);
  const port = await freePort();
  await createCluster(cluster);
  await startServer(cluster, port, settings);
  return { url: await serverUrl(cluster, port), end };
}

/**
 * Stops the server and removes its folder when it is told to, and when this process dies in whatever way: its end
 * closes the pipe that a shell waits on.
 */
function guardServer({ bin, folder, user }: Cluster): () => Promise<void> {
  const script = 'cat; "$0" stop --mode=immediate --pgdata="$1/data"; rm -r "$1"';
  const guard = spawn('/bin/sh', ['-c', script, join(bin, 'pg_ctl'), folder], {
    ...user,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = once(guard, 'exit');
  return async () => {
    guard.stdin.end();
    await ended;
  };
}

/** A database of its own, migrated and empty; `drop` ends whatever is still connected to it. */
export async function createTestDatabase(): Promise<{ url: string; drop(): Promise<void> }> {
  const server = inject('postgresUrl');
  const name = `test_${randomBytes(6).toString('hex')}`;
  await query(server, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  return {
    url: databaseAt(server, name),
    drop: () => query(server, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

function databaseAt(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = name;
  return url.href;
}

async function createTestCluster(): Promise<Cluster> {
  const user = serverUser();
  const folder = mkdtempSync(join(tmpdir(), 'trainyard-test-'));
  const cluster = { folder, user, bin: debianBinaries() ?? (await embeddedBinaries(tmpdir(), user)) };
  const { password } = paths(cluster);
  writeFileSync(password, randomBytes(16).toString('hex'), { mode: 0o600 });
  chmodSync(folder, 0o700);
  if (user) for (const path of [folder, password]) chownSync(path, user.uid, user.gid);
  return cluster;
}

function debianBinaries(): string | undefined {
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  const folders = versions.sort().map((version) => join(DEBIAN, version, 'bin'));
  return folders.filter((folder) => existsSync(join(folder, 'initdb'))).at(-1);
}

async function query(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}
