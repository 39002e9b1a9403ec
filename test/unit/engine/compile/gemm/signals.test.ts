import { fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { findBlas } from '../../../../../src/engine/compile/gemm/find-blas.ts';

const hasOneDnn = (await findBlas()).some(({ name }) => name === 'onednn');
const why = hasOneDnn ? '' : ' (skipped: this machine has no onednn)';

const MULTIPLYING_MS = 3_000;

test.skipIf(!hasOneDnn)(`oneDNN multiplies while signals are handled, and nothing dies${why}`, async () => {
  const script = new URL('under-signals.ts', import.meta.url);
  const child = fork(script, [String(MULTIPLYING_MS)], { execArgv: ['--import', 'tsx'] });
  const ended = once(child, 'exit');
  await once(child, 'message');
  const told = once(child, 'message');
  while (child.connected && child.exitCode === null) {
    for (let i = 0; i < 20; i++) child.kill('SIGUSR2');
    await sleep(1);
  }
  expect(await ended).toEqual([0, null]);
  expect((await told)[0]).toBeGreaterThan(100);
});
