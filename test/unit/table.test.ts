import { expect, it } from 'vitest';
import { table } from '../../apps/cli/table.ts';

it('aligns the first column to the left and the others to the right', () => {
  expect(
    table(
      ['mix', 'mean'],
      [
        ['a', '12.5'],
        ['longer', '7'],
      ],
    ).split('\n'),
  ).toEqual(['mix     mean', '──────  ────', 'a       12.5', 'longer     7']);
});
