import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { root, Started } from './started-service.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-test-'));
});

afterAll(() => rm(folder, { recursive: true }));

async function explain(spec: unknown, ...more: string[]) {
  const path = join(folder, 'spec.json');
  await writeFile(path, JSON.stringify(spec));
  return new Started(['node', 'dist/apps/cli/main.js', 'explain', path, ...more], {}).ended;
}

const SPEC = {
  data: { dataset: join(root, 'examples/data/concrete.csv'), target: 'strength' },
  model: { layers: [{ type: 'dense', units: 50, activation: 'relu' }] },
  stages: [{ epochs: 1, batchSize: 32, optimizer: { type: 'adam' } }],
};

it('shows the program of a spec on a file of data', async () => {
  const { code, stdout, stderr } = await explain(SPEC);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/^A step of 32 examples, compiled in \d+ ms\n/);
  expect(stdout).toContain('product [32×8]·[8×50] of x, dense_1/kernel');
  expect(stdout).toMatch(/^ {4}%\d+ = max %\d+, 0 \*$/m);
  expect(stdout).toMatch(/results: loss = %\d+, gradientNorm = %\d+, outputs = %\d+/);
});

it('takes the data of another file than the one that the spec names', async () => {
  const spec = { ...SPEC, data: { ...SPEC.data, dataset: `ds_${'0'.repeat(26)}` } };
  expect(await explain(spec)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('give the path of a file'),
  });
  const { code } = await explain(spec, SPEC.data.dataset);
  expect(code).toBe(0);
});

it('says where a spec is wrong', async () => {
  const { code, stderr } = await explain({ ...SPEC, stages: [{ epochs: 0 }] });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^\/stages\/0\/epochs: /m);
});
