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

async function commandsUnder(heading: string): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))!;
  const [, commands] = section.match(/```sh\n([\s\S]*?)```/)!;
  return commands!.replace('http://127.0.0.1:8080', url);
}

/** @returns what they print */
async function carryOut(commands: string): Promise<string> {
  const script = `set -euo pipefail\n${commands}`;
  const { code, stdout, stderr } = await new Started(['bash', '-c', script], {}, folder).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}

it('the README’s walk-through does what it says', { timeout: 60_000 }, async () => {
  const stdout = await carryOut(await commandsUnder('A walk-through with curl'));
  expect(stdout).toContain('"parameters":4801');
  expect(stdout).toMatch(/"to":"succeeded"/);
  expect(stdout).toMatch(/"samplesUsed":200,.*"abstained":false.*"abstained":true/);
  expect((await readFile(join(folder, 'model.safetensors'))).length).toBeGreaterThan(4 * 4801);
});

it('building on what was learned does what it says', { timeout: 60_000 }, async () => {
  const beginning = (await commandsUnder('A walk-through with curl')).split('\n\n')[0]!;
  const stdout = await carryOut(`${beginning}\n${await commandsUnder('Building on what was learned')}`);
  expect(stdout).toContain('"/model/from/job"');
  expect(stdout).toMatch(/"name":"five-to-nine".*"name":"zero-to-four"/);
});
