import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { Started } from './started-service.ts';

it('trains two networks, asks them, and cleans up after itself', { timeout: 120_000 }, async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'trainyard-test-'));
  await chmod(temporary, 0o755);
  const demo = new Started(['npm', 'run', 'demo'], { TMPDIR: temporary });
  const { code, stdout, stderr } = await demo.ended;
  expect(stderr).not.toMatch(/error/i);
  expect(code).toBe(0);
  expect(stdout).toMatch(/concrete .* epoch 1\/\d+ {2}loss [\d.]+ {2}val_rmse [\d.]+ {2}ETA \d+ s/);
  expect(stdout).toMatch(/test: accuracy 0\.9\d+/);
  expect(stdout).toMatch(/^held out .* \d+\.\d ± \d+\.\d .*$/m);
  expect(stdout).toMatch(/^impossible mix .* abstains$/m);
  expect(stdout).toMatch(/^noise only .* abstains$/m);
  expect(await readdir(temporary)).toEqual([]);
  await rm(temporary, { recursive: true });
});

it('ends and cleans up when it is interrupted', async () => {
  const demo = new Started(['npm', 'run', 'demo'], {});
  const [, url] = await demo.says(/Trainyard is ready at (\S+)/);
  demo.signalGroup('SIGINT');
  const { code, stderr } = await demo.ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/Interrupted\./);
  await expect(fetch(`${url}/health/live`)).rejects.toThrow();
});

it('ends where its service can’t start, and says why', async () => {
  const { code, stderr } = await new Started(['npm', 'run', 'demo'], { TRAINYARD_GEMM: 'abacus' }).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/TRAINYARD_GEMM: /);
});
