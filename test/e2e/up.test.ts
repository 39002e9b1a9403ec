import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { Started } from './started-service.ts';

const UP = ['node', 'dist/apps/cli/main.js', 'up'] as const;
const READY = /^Trainyard is ready at (http:\/\/127\.0\.0\.1:\d+) .*\n/m;

// The machine may be busy with other tests' services.
vi.setConfig({ testTimeout: 90_000 });

let folder: string;
let home: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-test-'));
  // Where we are root, Postgres runs as another user, who must be able to enter.
  await chmod(folder, 0o755);
  home = join(folder, 'home');
});
afterAll(() => rm(folder, { recursive: true }));

const started: Started[] = [];
afterEach(async () => {
  for (const service of started.splice(0)) {
    if (service.process.exitCode === null) service.process.kill('SIGTERM');
    await service.ended;
  }
});

function start(
  command: readonly [string, ...string[]] = UP,
  environment: Record<string, string> = {},
): Started {
  const service = new Started(command, { PORT: '0', TRAINYARD_HOME: home, ...environment });
  started.push(service);
  return service;
}

async function ready(service: Started): Promise<string> {
  return (await service.says(READY))[1]!;
}

/** Command lines of every process that works for the home, the embedded database among them. */
function processesOf(place: string): string[] {
  const all = execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' }).split('\n');
  return all.filter((line) => line.includes(place));
}

/** The children of a supervisor, by the program that they run. */
function child(service: Started, program: string): number {
  const all = execFileSync('ps', ['-eo', 'pid=,ppid=,args='], { encoding: 'utf8' });
  const line = all.split('\n').find((it) => it.includes(` ${service.process.pid} `) && it.includes(program));
  return Number(line!.trim().split(/\s+/)[0]);
}

async function isHealthy(url: string): Promise<boolean> {
  const answer = await fetch(`${url}/health/ready`).catch(() => null);
  return answer?.ok ?? false;
}

describe('trainyard up', () => {
  it('says one line when it is ready, serves, and leaves nothing running on SIGTERM', async () => {
    const service = start();
    const url = await ready(service);
    expect(await isHealthy(url)).toBe(true);
    expect(processesOf(home)).not.toEqual([]);
    service.process.kill('SIGTERM');
    const { code, stdout, stderr } = await service.ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(processesOf(home)).toEqual([]);
    expect(await isHealthy(url)).toBe(false);
  });

  it('keeps its token to its owner, and its data for the next time', async () => {
    const first = start();
    const dataset = await fetch(`${await ready(first)}/v1/datasets?name=tiny`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: 'x,y\n1,2\n3,4\n',
    });
    expect(dataset.status).toBe(201);
    const { id } = (await dataset.json()) as { id: string };
    expect((await stat(join(home, 'internal-token'))).mode & 0o777).toBe(0o600);
    first.process.kill('SIGTERM');
    await first.ended;
    const again = await fetch(`${await ready(start())}/v1/datasets/${id}`);
    expect(((await again.json()) as { name: string }).name).toBe('tiny');
  });

  it('refuses a home that another one runs on', async () => {
    await ready(start());
    const { code, stderr } = await start().ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Trainyard already runs on .*home \(process \d+\)/);
  });

  it('refuses a port that is in use', async () => {
    const url = await ready(start());
    const settings = { PORT: new URL(url).port, TRAINYARD_HOME: join(folder, 'other') };
    const { code, stderr } = await start(UP, settings).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Port \d+ on 127\.0\.0\.1 is in use/);
  });

  it('names the variable at fault', async () => {
    const { code, stderr } = await start(UP, { PORT: 'eighty' }).ended;
    expect(code).toBe(1);
    expect(stderr).toMatch(/PORT/);
  });

  it('starts the API and the worker again when they are killed', async () => {
    const service = start();
    const url = await ready(service);
    const before = ['api', 'worker'].map((name) => child(service, `dist/apps/${name}/main.js`));
    for (const pid of before) process.kill(pid, 'SIGKILL');
    await vi.waitUntil(async () => !(await isHealthy(url)));
    await vi.waitUntil(() => isHealthy(url), { timeout: 20_000, interval: 100 });
    expect(service.stderr).toMatch(/The api ended \(SIGKILL\)/);
    expect(service.stderr).toMatch(/The worker ended \(SIGKILL\)/);
  });

  it('leaves a database that the next one adopts when it is killed itself', async () => {
    const killed = start();
    const url = await ready(killed);
    const children = ['api', 'worker'].map((name) => child(killed, `dist/apps/${name}/main.js`));
    killed.process.kill('SIGKILL');
    await killed.ended;
    // The same port at once: its API lets go of it.
    const service = start(UP, { PORT: new URL(url).port });
    expect(await ready(service)).toBe(url);
    // What the killed one had started ends by itself, the worker within its grace.
    const isGone = (pid: number) => expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    await vi.waitFor(() => children.forEach(isGone), { timeout: 15_000 });
    service.process.kill('SIGTERM');
    expect((await service.ended).code).toBe(0);
    expect(processesOf(home)).toEqual([]);
  });

  it('logs what its services say into the home', async () => {
    await ready(start());
    expect(await readFile(join(home, 'logs', 'worker.log'), 'utf8')).toMatch(/The worker is ready/);
  });
});

describe('npm start', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops cleanly when npm gets a %s', async (signal) => {
    const npm = start(['npm', 'start']);
    const url = await ready(npm);
    npm.process.kill(signal);
    expect((await npm.ended).code).toBe(0);
    expect(processesOf(home)).toEqual([]);
    expect(await isHealthy(url)).toBe(false);
  });

  it('stops cleanly on Ctrl-C, which reaches npm and the service both', async () => {
    const npm = start(['npm', 'start']);
    await ready(npm);
    npm.signalGroup('SIGINT');
    expect((await npm.ended).code).toBe(0);
    expect(processesOf(home)).toEqual([]);
  });
});
