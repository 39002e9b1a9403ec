import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { claimPort } from '../../apps/cli/claim-port.ts';
import { lockHome } from '../../apps/cli/home-lock.ts';
import { internalToken } from '../../apps/cli/internal-token.ts';
import { Service } from '../../apps/cli/service.ts';

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'trainyard-test-'));
});
afterEach(async () => {
  await rm(home, { recursive: true });
});

describe('a supervised service', () => {
  const READY = `process.send({ type: 'ready' });`;
  const started: Service[] = [];
  afterEach(async () => {
    await Promise.all(started.splice(0).map((service) => service.stop()));
  });

  async function start(program: string): Promise<{ service: Service; log: () => Promise<string> }> {
    const script = join(home, 'service.mjs');
    const logPath = join(home, 'service.log');
    await writeFile(script, program);
    const service = new Service({ name: 'service', script: pathToFileURL(script), environment: {}, logPath });
    started.push(service);
    return { service, log: () => readFile(logPath, 'utf8') };
  }

  it('fails with its last words when it ends before it is ready', async () => {
    const { service } = await start(`console.log('no room left'); process.exitCode = 3;`);
    await expect(service.ready).rejects.toThrow(/ended before it was ready \(3\):\nno room left/);
  });

  it('is started again when it is killed', async () => {
    const report = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { service, log } = await start(
      `console.log('pid', process.pid); setInterval(() => {}, 1000); ${READY}`,
    );
    await service.ready;
    const [first] = pids(await log());
    process.kill(first!, 'SIGKILL');
    const second = await vi.waitUntil(async () => pids(await log())[1], { timeout: 5_000 });
    expect(second).not.toBe(first);
    expect(report).toHaveBeenCalledWith(expect.stringContaining('SIGKILL'));
    await service.stop();
    expect(() => process.kill(second, 0)).toThrow(/ESRCH/);
    report.mockRestore();
  });

  it('is killed when it doesn’t heed SIGTERM', async () => {
    const { service, log } = await start(
      `console.log('pid', process.pid); process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); ${READY}`,
    );
    await service.ready;
    const [pid] = pids(await log());
    await service.stop();
    expect(() => process.kill(pid!, 0)).toThrow(/ESRCH/);
  });

  function pids(log: string): number[] {
    return [...log.matchAll(/pid (\d+)/g)].map(([, pid]) => Number(pid));
  }
});

describe('a home', () => {
  it('is held by one process at a time', async () => {
    const release = await lockHome(home);
    await expect(lockHome(home)).rejects.toThrow(`already runs on ${home} (process ${process.pid})`);
    await release();
    await (await lockHome(home))();
  });

  it('has one token, for its owner’s eyes', async () => {
    const token = await internalToken(home);
    expect(token).toMatch(/^[0-9a-f]{64}$/);
    expect(await internalToken(home)).toBe(token);
  });
});

describe('a port', () => {
  it('is refused when it is in use', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
    });
    await expect(claimPort('127.0.0.1', port)).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use`);
    server.close();
  });

  it('is a free one where 0 is asked for', async () => {
    expect(await claimPort('127.0.0.1', 0)).toBeGreaterThan(0);
  });
});
