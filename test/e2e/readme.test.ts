import { chmod, cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root, Started } from './started-service.ts';

let folder: string;
let service: Started;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-test-'));
  // Where we are root, Postgres runs as another user, who must be able to enter.
  await chmod(folder, 0o755);
  await cp(join(root, 'examples'), join(folder, 'examples'), { recursive: true });
  const settings = { PORT: '0', TRAINYARD_HOME: join(folder, 'home') };
  service = new Started(['node', 'dist/apps/cli/main.js', 'up'], settings);
  [, url] = (await service.says(/ready at (\S+)/)) as unknown as [string, string];
});

afterAll(async () => {
  service.process.kill('SIGTERM');
  await service.ended;
  await rm(folder, { recursive: true });
});

it('the README’s walk-through does what it says', { timeout: 60_000 }, async () => {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [, commands] = readme.match(/## A walk-through with curl[\s\S]*?```sh\n([\s\S]*?)```/)!;
  const script = `set -euo pipefail\n${commands!.replace('http://127.0.0.1:8080', url)}`;
  const { code, stdout, stderr } = await new Started(['bash', '-c', script], {}, folder).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('"parameters":4801');
  expect(stdout).toMatch(/"to":"succeeded"/);
  expect(stdout).toMatch(/"samplesUsed":200,.*"abstained":false.*"abstained":true/);
  expect((await readFile(join(folder, 'model.safetensors'))).length).toBeGreaterThan(4 * 4801);
});
