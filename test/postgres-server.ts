import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
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
  stopServer,
} from '../src/adapters/embedded/cluster.ts';

/** A real Postgres server of the test's own: the machine's where Debian installed one, else the one from npm. */
export interface TestPostgres {
  /** Of its database `postgres`, as the superuser. */
  readonly url: string;
  /** Ends every session, and the server in good order; its data stay. */
  stop(): Promise<void>;
  /** Ends it as a crash does: what it had in memory is gone. */
  kill(): Promise<void>;
  /** Starts it again, on the same port and the same data. */
  start(): Promise<void>;
  drop(): Promise<void>;
}

const DEBIAN = '/usr/lib/postgresql';
const START_TRIES = 40;

export async function startTestPostgres(settings: Settings = {}): Promise<TestPostgres> {
  const cluster = await createTestCluster();
  const endServer = guardServer(cluster);
  const port = await freePort();
  await createCluster(cluster);
  await startServer(cluster, port, settings);
  return {
    url: await serverUrl(cluster, port),
    stop: () => stopServer(cluster),
    kill: async () => {
      const [pid] = readFileSync(join(paths(cluster).data, 'postmaster.pid'), 'utf8').split('\n');
      process.kill(Number(pid), 'SIGKILL');
    },
    start: () => startPatiently(cluster, port, settings),
    drop: endServer,
  };
}

/** Sessions of a server that was killed may still be there for a moment, and keep its successor from its data. */
async function startPatiently(cluster: Cluster, port: number, settings: Settings): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await startServer(cluster, port, settings);
    } catch (error) {
      if (tries === START_TRIES) throw error;
      await sleep(100);
    }
  }
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

export async function query<Row>(url: string, sql: string): Promise<Row[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
