import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createGather, epochOrder } from '../../../src/data/batches.ts';
import { encodeInputs, type InputError } from '../../../src/data/encode-inputs.ts';
import type { Examples } from '../../../src/data/examples.ts';
import { planData } from '../../../src/data/plan.ts';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import type { JobSpecInput } from '../../../src/spec/job.ts';
import type { PredictionInput } from '../../../src/spec/prediction.ts';
import { inputShapeOf, Preprocess } from '../../../src/spec/preprocess.ts';
import { csv, jobSpec, prepared, schemaOf } from './fixture.ts';

type Data = Omit<JobSpecInput['data'], 'dataset'>;
type Layers = JobSpecInput['model']['layers'];

/** Rows that tell their number: x is it, and y is a thousand more. */
const numbered = (count: number, fold?: (i: number) => string) =>
  csv(
    fold ? 'x,y,fold' : 'x,y',
    Array.from({ length: count }, (_, i) => [i, 1_000 + i, ...(fold ? [fold(i)] : [])]),
  );

/** Each example as the network sees it: its numbers and its target. */
function windowsOf(examples: Examples): { x: number[]; y: number[] }[] {
  const order = Uint32Array.from({ length: examples.count }, (_, i) => i);
  return Array.from(order, (i) => {
    const { x, y } = createGather()(examples, order, i, 1);
    return { x: [...x], y: [...y] };
  });
}

const raw = { target: 'y', inputs: ['x'], standardize: false };
const SPLITS = ['train', 'validation', 'test'] as const;

describe('a series', () => {
  it('makes an example of rows on end, and its target of the one horizon later', async () => {
    const spec = jobSpec({ ...raw, window: { length: 3, horizon: 2 }, split: { validation: 0, test: 0 } });
    const { train } = await prepared(numbered(8), spec);
    expect(windowsOf(train)).toEqual([
      { x: [0, 1, 2], y: [1_004] },
      { x: [1, 2, 3], y: [1_005] },
      { x: [2, 3, 4], y: [1_006] },
      { x: [3, 4, 5], y: [1_007] },
    ]);
    expect(train.x).toHaveLength(8);
  });

  it('has the target’s own past among its inputs, unless they are named', async () => {
    const spec = jobSpec({ target: 'y', standardize: false, window: { length: 2 } });
    const { train, preprocess } = await prepared(numbered(40), spec);
    expect(windowsOf(train)[0]).toEqual({ x: [0, 1_000, 1, 1_001], y: [1_002] });
    expect(inputShapeOf(preprocess)).toEqual([2, 2]);
    expect(preprocess.window).toEqual({ length: 2, horizon: 1, ids: false });
  });

  it('leaks nothing: every window and its target lie in one split, and the past is never split off the future', async () => {
    const share = fc.constantFrom(0, 0.15, 0.2, 0.4);
    const shares = fc.record({ validation: share, test: share });
    const size = fc.integer({ min: 1, max: 6 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 90, max: 150 }),
        size,
        size,
        shares,
        fc.boolean(),
        async (rows, length, horizon, split, shuffle) => {
          const data = { ...raw, window: { length, horizon }, split, shuffle };
          const content = numbered(rows);
          const found = await prepared(content, jobSpec(data));
          let last = -1;
          for (const name of SPLITS) {
            const windows = windowsOf(found[name]);
            const touched = windows.flatMap(({ x, y }) => [...x, y[0]! - 1_000]);
            for (const { x, y } of windows) {
              expect(x).toEqual(x.map((_, i) => x[0]! + i));
              expect(y[0]! - 1_000).toBe(x.at(-1)! + horizon);
            }
            if (touched.length === 0) continue;
            // All rows of an earlier split come before all rows of a later one.
            expect(Math.min(...touched)).toBeGreaterThan(last);
            last = Math.max(...touched);
            expect(windows).toHaveLength(last - Math.min(...touched) + 2 - length - horizon);
          }
          expect(last).toBe(rows - 1);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is standardized by its training rows alone', async () => {
    const far = (value: number) =>
      csv(
        'x,y',
        Array.from({ length: 40 }, (_, i) => [i < 20 ? i : value, i < 20 ? 2 * i : value]),
      );
    const spec = jobSpec({ target: 'y', window: { length: 3 }, split: { validation: 0.25, test: 0.25 } });
    const [near, distant] = [await prepared(far(1), spec), await prepared(far(9_999), spec)];
    expect(near.preprocess).toEqual(distant.preprocess);
    expect(near.preprocess.inputs).toMatchObject([
      { name: 'x', mean: 9.5 },
      { name: 'y', mean: 19 },
    ]);
    expect(near.preprocess.target).toMatchObject({ name: 'y', mean: 19 });
  });

  it('goes where a split column says, in whatever order its runs stand', async () => {
    const fold = (i: number) => (i < 6 ? 'test' : i < 20 ? 'train' : 'validation');
    const spec = jobSpec({ ...raw, window: { length: 2 }, split: { column: 'fold' } });
    const { train, validation, test } = await prepared(numbered(25, fold), spec);
    expect([train.count, validation.count, test.count]).toEqual([12, 3, 4]);
    expect(windowsOf(test)[0]!.x).toEqual([0, 1]);
    expect(windowsOf(train)[0]!.x).toEqual([6, 7]);
  });

  it('classifies, with the classes of the past as numbers or one-hot', async () => {
    const rows = Array.from({ length: 40 }, (_, i) => [i % 3, i % 2 === 0 ? 'up' : 'down', i % 4 === 0]);
    const content = csv('state,way,on', rows);
    const base = { standardize: false, window: { length: 2 }, split: { validation: 0, test: 0 } };
    const numbers = await prepared(
      content,
      jobSpec({ ...base, target: 'state', task: 'classification', inputs: ['state'] }),
    );
    expect(windowsOf(numbers.train)[0]).toEqual({ x: [0, 1], y: [0, 0, 1] });
    const oneHot = await prepared(content, jobSpec({ ...base, target: 'way', inputs: ['way'] }));
    expect(windowsOf(oneHot.train)[0]).toEqual({ x: [0, 1, 1, 0], y: [0, 1] });
    const booleans = await prepared(content, jobSpec({ ...base, target: 'on', inputs: ['on'] }));
    expect(windowsOf(booleans.train)[2]).toEqual({ x: [0, 0], y: [0, 1] });
  });

  it('of ids is looked up by an embedding without an axis more', async () => {
    const content = csv(
      'word',
      Array.from({ length: 40 }, (_, i) => [(i * 3) % 7]),
    );
    const layers: Layers = [{ type: 'embedding', inputDim: 7, outputDim: 4 }, { type: 'flatten' }];
    const spec = jobSpec({ target: 'word', task: 'classification', window: { length: 3 } }, layers);
    const { train, preprocess } = await prepared(content, spec);
    expect(inputShapeOf(preprocess)).toEqual([3]);
    expect(windowsOf(train)[0]).toEqual({ x: [0, 3, 6], y: [0, 0, 1, 0, 0, 0, 0] });
    const { x } = await encodeInputs(Preprocess.parse(preprocess), [
      [0, 3, 6],
      [{ word: 0 }, [3], 6],
    ]);
    expect([...x]).toEqual([0, 3, 6, 0, 3, 6]);
  });

  it('weighs an example by the row of its target', async () => {
    const content = csv(
      'x,y,w',
      Array.from({ length: 10 }, (_, i) => [i, i, i / 2]),
    );
    const data = {
      ...raw,
      sampleWeight: 'w',
      window: { length: 2, horizon: 3 },
      split: { validation: 0.5, test: 0 },
    };
    const { train, validation } = await prepared(
      content,
      jobSpec({ ...data, split: { validation: 0, test: 0 } }),
    );
    expect([...train.weights!]).toEqual([2, 2.5, 3, 3.5, 4, 4.5]);
    expect(validation.count).toBe(0);
  });

  it('is visited in another order every epoch, its splits being the same', async () => {
    const data = { ...raw, window: { length: 2 } };
    const [one, other] = [1, 2].map((seed) => prepared(numbered(40), jobSpec(data, [], seed)));
    expect(await one).toEqual(await other);
    const { train } = await one!;
    expect(epochOrder(1, 1, 1, train.count, true)).not.toEqual(epochOrder(1, 1, 2, train.count, true));
  });
});

describe('missing values of a series', () => {
  const content = csv(
    'x,y',
    Array.from({ length: 12 }, (_, i) => [i === 4 ? '' : i, i === 8 ? '' : 1_000 + i]),
  );
  const data = { ...raw, window: { length: 2 }, split: { validation: 0, test: 0 } };

  it('are refused by default', async () => {
    await expect(prepared(content, jobSpec(data))).rejects.toThrow('“x” lacks a value in 1 row');
  });

  it('leave out the windows that touch them', async () => {
    const { train } = await prepared(content, jobSpec({ ...data, missing: 'drop' }));
    expect(windowsOf(train).map(({ x, y }) => [...x, ...y])).toEqual([
      [0, 1, 1_002],
      [1, 2, 1_003],
      [2, 3, 1_004],
      [5, 6, 1_007],
      [7, 8, 1_009],
      [8, 9, 1_010],
      [9, 10, 1_011],
    ]);
  });

  it('take the training mean, but no target is made up', async () => {
    const { train } = await prepared(content, jobSpec({ ...data, missing: 'mean' }));
    const windows = windowsOf(train);
    const mean = Math.fround((66 - 4) / 11);
    expect(windows).toHaveLength(9);
    expect(windows[3]).toEqual({ x: [3, mean], y: [1_005] });
    expect(windows.some(({ y }) => Number.isNaN(y[0]))).toBe(false);
  });

  it('that leave no window are refused, and two are needed to train', async () => {
    const gaps = csv(
      'x,y',
      Array.from({ length: 12 }, (_, i) => [i % 3 === 0 ? '' : i, i]),
    );
    const spec = jobSpec({ ...data, window: { length: 3 }, missing: 'drop' });
    await expect(prepared(gaps, spec)).rejects.toThrow(
      'the train split’s 12 rows have no window of 3 rows with every value and the target 1 row later: that is too few',
    );
  });
});

describe('a plan for a series', () => {
  const content = csv(
    'a,b,id,fold,y',
    Array.from({ length: 40 }, (_, i) => [
      i / 3,
      i % 7 === 0 ? 'u' : 'v',
      i % 5,
      i < 30 ? 'train' : 'test',
      i / 2,
    ]),
  );
  const plan = async (data: Partial<Data>, layers: Layers = []) => {
    const spec = jobSpec({ target: 'y', window: { length: 4 }, ...data }, layers);
    return planData(spec.data, await schemaOf(content), hiddenLayers(spec.model));
  };

  it('has the shape of a window', async () => {
    expect(await plan({ split: { column: 'fold' } })).toMatchObject({
      plan: {
        inputs: [{ name: 'a' }, { name: 'b' }, { name: 'id' }, { name: 'y' }],
        inputShape: [4, 5],
        window: { length: 4, horizon: 1 },
      },
    });
    const embedding: Layers = [{ type: 'embedding', inputDim: 5, outputDim: 2 }];
    const split = { column: 'fold' };
    expect(await plan({ inputs: ['id'], split }, embedding)).toMatchObject({ plan: { inputShape: [4] } });
    expect(await plan({ inputs: ['id'], split })).toMatchObject({ plan: { inputShape: [4, 1] } });
  });

  it.each<[string, Partial<Data>, Layers, string, RegExp]>([
    [
      'classes to keep',
      { target: 'b', classes: ['u', 'v'] },
      [],
      '/data/classes',
      /a series keeps all of its rows/,
    ],
    ['a limit per class', { target: 'b', limitPerClass: 3 }, [], '/data/limitPerClass', /a series keeps all/],
    [
      'too few rows to train on',
      { window: { length: 40 } },
      [],
      '/data/window/length',
      /^two windows of 40 rows, with the target 1 row later, take 42 rows, and the train split has 32$/,
    ],
    [
      'too few rows to validate on',
      { window: { length: 3, horizon: 2 } },
      [],
      '/data/window/length',
      /^a window of 3 rows, with the target 2 rows later, takes 5 rows, and the validation split has 4$/,
    ],
    [
      'too few rows of a split column',
      { window: { length: 10 }, split: { column: 'fold' } },
      [],
      '/data/window/length',
      /takes 11 rows, and the test split has 10$/,
    ],
    [
      'the split column among the inputs',
      { inputs: ['fold'], split: { column: 'fold' } },
      [],
      '/data/inputs/0',
      /is the split/,
    ],
    [
      'an embedding of several columns',
      { inputs: ['id', 'y'] },
      [{ type: 'embedding', inputDim: 50, outputDim: 2 }],
      '/data/inputs',
      /an embedding takes one id a row, and here are 2 columns/,
    ],
  ])('finds %s', async (_what, data, layers, pointer, message) => {
    const planning = await plan(data, layers);
    const found = 'problems' in planning ? planning.problems : [];
    expect(found).toContainEqual({ pointer, message: expect.stringMatching(message) });
  });

  it('refuses pictures', () => {
    const image = { name: 'image', type: 'tensor' as const, shape: [2, 2, 1], missing: 0, distinct: null };
    const label = {
      name: 'label',
      type: 'category' as const,
      missing: 0,
      distinct: 2,
      classes: ['a', 'b'].map((value) => ({ value, count: 50 })),
    };
    const planning = planData(
      jobSpec({ window: { length: 2 } }).data,
      { rows: 100, columns: [image, label] },
      [],
    );
    expect(planning).toEqual({
      problems: [{ pointer: '/data/window', message: expect.stringMatching(/“image” is a tensor/) }],
    });
  });

  it('finds out only from the rows that a split is broken in two', async () => {
    const fold = (i: number) => (i % 10 < 8 ? 'train' : 'test');
    const spec = jobSpec({ ...raw, window: { length: 2 }, split: { column: 'fold' } });
    await expect(prepared(numbered(40, fold), spec)).rejects.toThrow(
      'column “fold”: “train” comes again in row 11; in a series each split is one unbroken run of rows',
    );
  });
});

describe('a prediction on a series', () => {
  const MODEL = Preprocess.parse({
    task: 'regression',
    inputs: [
      { type: 'number', name: 'temperature', mean: 10, std: 2 },
      { type: 'category', name: 'sky', classes: ['clear', 'grey'], missingClass: false },
    ],
    target: { type: 'number', name: 'temperature', mean: 10, std: 2 },
    window: { length: 3, horizon: 1, ids: false },
  });
  const ROW = { temperature: 12, sky: 'grey' };
  const encode = (inputs: unknown[], model = MODEL) => encodeInputs(model, inputs as PredictionInput[]);

  it('sees the numbers that training saw', async () => {
    const rows = Array.from({ length: 30 }, (_, i) => ({ x: i / 7, town: 'abc'[i % 3]!, y: i * 2 }));
    const content = csv(
      'x,town,y',
      rows.map((row) => Object.values(row)),
    );
    const spec = jobSpec({
      target: 'y',
      window: { length: 4, horizon: 2 },
      split: { validation: 0, test: 0 },
    });
    const { preprocess, train } = await prepared(content, spec);
    const inputs = Array.from({ length: train.count }, (_, i) => rows.slice(i, i + 4));
    const { x, width } = await encodeInputs(Preprocess.parse(preprocess), inputs);
    expect(width).toBe(train.width);
    expect([...x]).toEqual(windowsOf(train).flatMap((window) => window.x));
  });

  it('takes rows by name, each with the target’s past', async () => {
    const { x, count, width } = await encode([
      [ROW, { ...ROW, temperature: 8 }, { sky: 'clear', temperature: 10 }],
    ]);
    expect([count, width]).toEqual([1, 9]);
    expect([...x]).toEqual([1, 0, 1, -1, 0, 1, 0, 1, 0]);
  });

  const rows = (last: unknown) => [ROW, ROW, last];
  it.each<[string, unknown, string, RegExp]>([
    [
      'a row too few',
      [ROW, ROW],
      '/inputs/0',
      /^a list of 3 rows is expected here, the earliest first, and this is a list of 2$/,
    ],
    ['one row', ROW, '/inputs/0', /and this is an object$/],
    ['a row without a column', rows({ sky: 'grey' }), '/inputs/0/2/temperature', /“temperature” is missing/],
    ['a row with another', rows({ ...ROW, wind: 3 }), '/inputs/0/2/wind', /no input of the model/],
    [
      'text for a number',
      rows({ ...ROW, temperature: 'warm' }),
      '/inputs/0/2/temperature',
      /must be a number, not text/,
    ],
    [
      'a list for a number',
      rows({ ...ROW, temperature: [1] }),
      '/inputs/0/2/temperature',
      /a single value, not a list of 1/,
    ],
    ['an unknown category', rows({ ...ROW, sky: 'gray' }), '/inputs/0/2/sky', /do you mean “grey”/],
    ['a list too short', rows([1]), '/inputs/0/2', /the list has 1 numbers, and the model takes 2/],
    ['a number for a row', rows(7), '/inputs/0/2', /^a row is expected here, and this is 7$/],
  ])('refuses %s', async (_what, input, pointer, message) => {
    try {
      await encode([input]);
    } catch (error) {
      expect((error as InputError).errors).toEqual([{ pointer, message: expect.stringMatching(message) }]);
      return;
    }
    throw new Error('it was taken');
  });
});
