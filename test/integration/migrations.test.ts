import { expect, test } from 'vitest';
import { schemaDiff } from '../../scripts/schema-engine.ts';
import { createTestDatabase } from '../postgres.ts';

test('The migrations make exactly the tables of the schema', async () => {
  const database = await createTestDatabase();
  expect(await schemaDiff(database.url)).toBe('-- This is an empty migration.\n');
  await database.drop();
});
