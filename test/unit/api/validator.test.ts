import { expect, it } from 'vitest';
import { z } from 'zod';
import { invalidRequest } from '../../../apps/api/validator.ts';

it('a body of many faults is refused with some of them, and their number', () => {
  const body = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`field${i}`, i]));
  const { error } = z.strictObject({}).safeParse(body);
  const refusal = invalidRequest(error!, 'body', 'invalidSpec');
  expect(refusal.errors).toHaveLength(100);
  expect(refusal.errors[99]).toEqual({ pointer: '/field99', message: 'Unknown field' });
  expect(refusal.message).toBe('/field0: Unknown field (and 4999 more)');
});
