import { describe, expect, it } from 'vitest';
import { ancestorsOf, deletedAncestor, lineageOf } from '../../../src/jobs/lineage.ts';
import type { Store } from '../../../src/jobs/ports.ts';
import type { ModelRow } from '../../../src/jobs/rows.ts';

const model = (id: string, parentModelId: string | null) =>
  ({ id, parentModelId, projectId: 'prj', jobId: null, datasetId: null }) as ModelRow;
const storeOf = (...models: ModelRow[]) =>
  ({ models: { get: async (id: string) => models.find((it) => it.id === id) ?? null } }) as unknown as Store;

const [first, second, third] = [model('a', null), model('b', 'a'), model('c', 'b')];

describe('a lineage', () => {
  it('goes down to a model that stands on none', async () => {
    const lineage = await lineageOf(storeOf(first, second, third), third);
    expect(lineage.map(({ model, isParentDeleted }) => [model.id, isParentDeleted])).toEqual([
      ['c', false],
      ['b', false],
      ['a', false],
    ]);
  });

  it('says where it ends because the next model is deleted', async () => {
    const lineage = await lineageOf(storeOf(second, third), third);
    expect(lineage.map(({ model, isParentDeleted }) => [model.id, isParentDeleted])).toEqual([
      ['c', false],
      ['b', true],
    ]);
    const [only] = await lineageOf(storeOf(second), second);
    expect(only).toMatchObject({ model: { id: 'b', parentModelId: 'a' }, isParentDeleted: true });
  });

  it('names the deleted model to whoever compares', async () => {
    const missing = async (of: ModelRow, ...left: ModelRow[]) =>
      deletedAncestor(of, await ancestorsOf(storeOf(...left), of));
    expect(await missing(third, first, second)).toBeNull();
    expect(await missing(third, second)).toBe('a');
    expect(await missing(third)).toBe('b');
    expect(await missing(first)).toBeNull();
  });
});
