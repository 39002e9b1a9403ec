import { expect, it } from 'vitest';
import { trackProgress } from '../../../src/engine/train/progress.ts';

it('goes by the pace of this run', () => {
  let now = 5_000;
  const progress = trackProgress(100, 20, () => now);
  expect(progress.at(20)).toEqual({ progress: 0.2, etaSeconds: null });
  now += 4_000;
  expect(progress.at(40)).toEqual({ progress: 0.4, etaSeconds: 12 });
});

it('leaves out of the pace what is done once', async () => {
  let now = 0;
  const progress = trackProgress(100, 0, () => now);
  const found = await progress.aside(async () => {
    now += 60_000;
    return 'features';
  });
  expect(found).toBe('features');
  now += 1_000;
  expect(progress.at(10)).toEqual({ progress: 0.1, etaSeconds: 9 });
});
