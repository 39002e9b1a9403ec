import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A Postgres data folder and the programs that serve it. */
export interface Cluster {
  /** The folder with `initdb`, `pg_ctl` and `postgres`. */
  bin: string;
  /** Holds `data`, `password` and `log`; belongs to `user`. */
  folder: string;
  user: ServerUser | undefined;
}

/** Whom Postgres runs as; undefined means whoever we are. */
export interface ServerUser {
  uid: number;
  gid: number;
}

export const SUPERUSER = 'trainyard';
const START_SECONDS = 60;

/** Postgres refuses to run as root, so root lends it the id of “nobody”. */
export function serverUser(): ServerUser | undefined {
  return process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : undefined;
}

/** Creates the data folder. Text sorts by its bytes, whatever the machine's locale is. */
export async function createCluster(cluster: Cluster): Promise<void> {
  const { data, password } = paths(cluster);
  const options = ['--auth=scram-sha-256', '--encoding=UTF8', '--no-locale', '--no-instructions'];
  await run(cluster, 'initdb', [
    ...options,
    `--username=${SUPERUSER}`,
    `--pwfile=${password}`,
    `--pgdata=${data}`,
  ]);
}

/**
 * Starts a server that outlives us, on the loopback interface only, and waits until it takes connections.
 * @throws Error with the end of the server's log
 */
export async function startServer(cluster: Cluster, port: number, settings: Settings = {}): Promise<void> {
  const { data, log } = paths(cluster);
  const all: Settings = { listen_addresses: '127.0.0.1', unix_socket_directories: '', port, ...settings };
  const flags = Object.entries(all).map(([name, value]) => `-c ${name}=${value}`);
  const options = [`--pgdata=${data}`, `--log=${log}`, '--wait', `--timeout=${START_SECONDS}`];
  try {
    await run(cluster, 'pg_ctl', ['start', ...options, '--options', flags.join(' ')]);
  } catch (error) {
    const tail = await readFile(log, 'utf8').catch(() => '');
    throw new Error(`Postgres didn't start:\n${tail.trim().split('\n').slice(-8).join('\n')}`, {
      cause: error,
    });
  }
}
export type Settings = Record<string, string | number>;

/** Ends every session and stops the server, with nothing left to recover. */
export async function stopServer(cluster: Cluster): Promise<void> {
  await run(cluster, 'pg_ctl', ['stop', '--mode=fast', '--wait', `--pgdata=${paths(cluster).data}`]);
}

/** Where the superuser reaches the cluster's server. */
export async function serverUrl(cluster: Cluster, port: number, database = 'postgres'): Promise<string> {
  const password = await readFile(paths(cluster).password, 'utf8');
  return `postgresql://${SUPERUSER}:${password.trim()}@127.0.0.1:${port}/${database}`;
}

export function paths(cluster: Cluster): { data: string; password: string; log: string } {
  const { folder } = cluster;
  return { data: join(folder, 'data'), password: join(folder, 'password'), log: join(folder, 'log') };
}

/** A loopback port that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

async function run({ bin, folder, user }: Cluster, program: string, args: string[]): Promise<void> {
  await promisify(execFile)(join(bin, program), args, { ...user, cwd: folder });
}
