import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { forkTrainer, startTrainer } from '../../../apps/worker/trainer-process.ts';
import type { StartTraining, TrainerMessage } from '../../../src/spec/trainer.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trainyard-test-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** Far more than a pipe holds. */
const CHATTY = `
  process.on('message', () => {
    for (let line = 0; line < 2_000; line++) console.error('x'.repeat(200));
    process.send({ type: 'stopped' }, () => process.disconnect());
  });
`;

async function runTrainer(logPath: string) {
  const script = join(folder, 'trainer.mjs');
  await writeFile(script, CHATTY);
  const told: TrainerMessage[] = [];
  const trainer = startTrainer(
    forkTrainer(pathToFileURL(script)),
    { type: 'start' } as StartTraining,
    logPath,
    (message) => told.push(message),
  );
  const timer = setTimeout(trainer.kill, 8_000);
  const exit = await trainer.exit;
  clearTimeout(timer);
  return { exit, told };
}

describe('a trainer that prints much', () => {
  it('has it all in its log', async () => {
    const log = join(folder, 'trainer.log');
    await runTrainer(log);
    expect((await readFile(log, 'utf8')).split('\n')).toHaveLength(2_001);
  });

  it('goes on where its log can’t be written', async () => {
    const { exit, told } = await runTrainer('/dev/full');
    expect({ ...exit, lastWords: '' }).toEqual({ code: 0, signal: null, lastWords: '', oomKilled: false });
    expect(told).toEqual([{ type: 'stopped' }]);
    expect(exit.lastWords).toMatch(/^[x\n]{4000}$/);
  });
});
