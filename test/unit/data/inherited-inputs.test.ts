import { describe, expect, it } from 'vitest';
import { planData } from '../../../src/data/plan.ts';
import { prepareData } from '../../../src/data/prepare-data.ts';
import type { DatasetFormat } from '../../../src/spec/dataset.ts';
import type { NetworkSpec } from '../../../src/spec/network.ts';
import { type ParentModel, parentOf } from '../../../src/spec/parent.ts';
import { BYTE_SCALE, type InputEncoding, type Preprocess } from '../../../src/spec/preprocess.ts';
import { idxFile } from '../../idx.ts';
import { csv, jobSpec, schemaOf, withFile } from './fixture.ts';

const network = (inputShape: number[]): NetworkSpec => ({ inputShape, layers: [] });
const preprocess = (inputs: InputEncoding[]): Preprocess => ({ task: null, target: null, inputs });
const number = (name: string, change: object = {}): InputEncoding => ({
  type: 'number',
  name,
  mean: 10,
  std: 2,
  ...change,
});
const picture = (change: object = {}): InputEncoding => ({
  type: 'tensor',
  name: 'picture',
  shape: [2, 2, 1],
  scale: 1,
  mean: [0.5],
  std: [0.5],
  ...change,
});

const ROWS = csv('a,b,y', [
  [8, 1, 0],
  [12, '', 1],
  [14, 3, 0],
  [6, 5, 1],
  [10, 7, 0],
  [10, '', 1],
]);
const SPEC = { target: 'y', task: 'regression', split: { validation: 0, test: 0 } } as const;

/** The encodings of a job on a table that builds on a model with these. */
async function inherited(inputs: InputEncoding[], data: object): Promise<readonly InputEncoding[]> {
  const schema = await schemaOf(ROWS);
  const parent = { network: network([2]), preprocess: preprocess(inputs), base: [] };
  const prepared = await withFile(ROWS, (path) =>
    prepareData(path, 'csv', schema, jobSpec({ ...SPEC, ...data }), parent),
  );
  return prepared.preprocess.inputs;
}

describe('inputs that are as the parent’s', () => {
  it('have its statistics, and fill what is missing by the job’s own', async () => {
    const encodings = await inherited([number('b', { fill: 99 }), number('a')], { missing: 'mean' });
    expect(encodings).toEqual([number('b', { fill: 4 }), number('a', { fill: 10 })]);
  });

  it('fill nothing where the job drops what is missing', async () => {
    const encodings = await inherited([number('a'), number('b', { fill: 99 })], { missing: 'drop' });
    expect(encodings).toEqual([number('a'), number('b')]);
  });
});

const LABELS = idxFile([4], [0, 1, 0, 1]);
/** Four pictures of bytes from 0 to 255, with labels. */
const PICTURES = Buffer.concat([
  idxFile(
    [4, 2, 2],
    Array.from({ length: 16 }, (_, i) => i * 17),
  ),
  LABELS,
]);

async function planned(
  content: string | Buffer,
  format: DatasetFormat,
  parent: ParentModel,
  data: Parameters<typeof jobSpec>[0],
) {
  const schema = await schemaOf(content, format);
  const planning = planData(jobSpec(data).data, schema, [], { parent });
  return 'problems' in planning ? planning.problems : planning.warnings;
}

describe('inputs that aren’t as the parent’s', () => {
  const UNSPLIT = { split: { validation: 0, test: 0 } } as const;

  it('are refused where a tensor stands for columns, though it has as many numbers', async () => {
    const flat = Buffer.concat([idxFile([4, 3], [...Array(12).keys()]), LABELS]);
    const columns = parentOf(network([3]), preprocess(['a', 'b', 'c'].map((name) => number(name))));
    const pointer = '/model/from/model';
    expect(await planned(flat, 'idx', columns, UNSPLIT)).toMatchObject([{ pointer }]);
    expect(await planned(flat, 'idx', columns, { ...UNSPLIT, standardize: true })).toEqual([]);
  });

  const warned = [{ code: 'unlikeParent', pointer: '/model/from/model' }];
  it.each([
    ['bytes, and the parent’s were standardized fractions', {}, warned],
    ['bytes, and the parent’s may have had any unit', { mean: [0], std: [1] }, []],
    ['bytes, and so were the parent’s', { scale: BYTE_SCALE }, []],
  ])('are warned of, or not, where they are %s', async (_, change, warnings) => {
    const parent = parentOf(network([2, 2, 1]), preprocess([picture(change)]));
    expect(await planned(PICTURES, 'idx', parent, UNSPLIT)).toMatchObject(warnings);
  });

  it.each([
    ['the parent’s were bytes', { scale: BYTE_SCALE }, warned],
    ['the parent’s were bytes that became −1 … 1', { scale: 2 / 255, bytes: true }, warned],
    ['so were the parent’s', {}, []],
  ])('are warned of, or not, where they are fractions, and %s', async (_, change, warnings) => {
    const fractions = Buffer.concat([
      idxFile(
        [4, 2, 2],
        Array.from({ length: 16 }, (_, i) => i / 15),
        0x0d,
      ),
      LABELS,
    ]);
    const parent = parentOf(network([2, 2, 1]), preprocess([picture(change)]));
    expect(await planned(fractions, 'idx', parent, UNSPLIT)).toMatchObject(warnings);
  });

  it('are warned of where a column has another unit', async () => {
    const thousandfold = parentOf(
      network([2]),
      preprocess([number('a', { mean: 0, std: 0.01 }), number('b')]),
    );
    const data = { ...SPEC, missing: 'drop' } as const;
    expect(await planned(ROWS, 'csv', thousandfold, data)).toMatchObject(warned);
    expect(await planned(ROWS, 'csv', thousandfold, { ...data, standardize: true })).toEqual([]);
  });
});
