import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeInputs, InputError } from '../../../src/data/encode-inputs.ts';
import type { Examples } from '../../../src/data/examples.ts';
import { planData } from '../../../src/data/plan.ts';
import { type PreparedData, prepareData } from '../../../src/data/prepare-data.ts';
import type { Column, DatasetSchema } from '../../../src/spec/dataset.ts';
import type { JobSpecInput } from '../../../src/spec/job.ts';
import type { PredictionInput } from '../../../src/spec/prediction.ts';
import { inputShapeOf, Preprocess } from '../../../src/spec/preprocess.ts';
import { idxFile, type TypeCode } from '../../idx.ts';
import { jobSpec, prepared } from './fixture.ts';

type Data = Omit<JobSpecInput['data'], 'dataset'>;
type Layers = JobSpecInput['model']['layers'];

const COUNT = 30;
const SHAPE = [COUNT, 2, 2, 3];
/** Numbers that tell the row, the pixel and the channel they are of. */
const value = (i: number) => (i * 7) % 256;
const numbers = Array.from({ length: COUNT * 12 }, (_, i) => value(i));
const labels = Array.from({ length: COUNT }, (_, i) => i % 3);
const PICTURES = Buffer.concat([idxFile(SHAPE, numbers), idxFile([COUNT], labels)]);

const prepare = (data: Data, content = PICTURES, layers: Layers = []) =>
  prepared(content, jobSpec(data, layers), { format: 'idx' });

const rowOf = ({ x, width }: Examples, i: number) => x.subarray(i * width, (i + 1) * width);

/** Each channel's mean and standard deviation over some examples. */
function channels(examples: Examples): { mean: number; std: number }[] {
  return [0, 1, 2].map((channel) => {
    const found = [...examples.x].filter((_, i) => i % 3 === channel);
    const mean = found.reduce((sum, x) => sum + x, 0) / found.length;
    return { mean, std: Math.sqrt(found.reduce((sum, x) => sum + (x - mean) ** 2, 0) / found.length) };
  });
}

const encodingOf = ({ preprocess }: PreparedData) => {
  const [input] = preprocess.inputs;
  if (input?.type !== 'tensor') throw new Error('the input is a tensor');
  return input;
};

describe('pictures', () => {
  it('are standardized channel by channel, by the training split alone', async () => {
    const data = await prepare({});
    expect([data.train.count, data.validation.count, data.test.count]).toEqual([24, 3, 3]);
    for (const { mean, std } of channels(data.train)) {
      expect(mean).toBeCloseTo(0, 5);
      expect(std).toBeCloseTo(1, 5);
    }
    expect(encodingOf(data)).toMatchObject({ name: 'image', shape: [2, 2, 3], scale: 1 / 255 });
    expect(encodingOf(data).mean).toHaveLength(3);
    expect(inputShapeOf(data.preprocess)).toEqual([2, 2, 3]);
  });

  it('that come in two or three parts can be split by them', async () => {
    const pair = (from: number, to: number) => [
      idxFile([to - from, 2, 2, 3], numbers.slice(from * 12, to * 12)),
      idxFile([to - from], labels.slice(from, to)),
    ];
    const data = { split: { column: 'part' }, shuffle: false, standardize: false };
    const two = await prepare(data, Buffer.concat([...pair(0, 20), ...pair(20, 30)]));
    expect([two.train.count, two.validation.count, two.test.count]).toEqual([20, 0, 10]);
    expect([...two.test.x.subarray(0, 12)]).toEqual(numbers.slice(240, 252).map((n) => Math.fround(n / 255)));
    const three = await prepare(data, Buffer.concat([...pair(0, 15), ...pair(15, 20), ...pair(20, 30)]));
    expect([three.train.count, three.validation.count, three.test.count]).toEqual([15, 5, 10]);
  });

  it('of bytes are 0 … 1 without standardizing; other numbers stay as they are', async () => {
    const split = { validation: 0, test: 0 };
    const bytes = await prepare({ standardize: false, shuffle: false, split });
    expect(bytes.train.x).toEqual(Float32Array.from(numbers, (number) => number / 255));
    const whole = Buffer.concat([idxFile(SHAPE, numbers, 0x0c), idxFile([COUNT], labels)]);
    const integers = await prepare({ standardize: false, shuffle: false, split }, whole);
    expect(integers.train.x).toEqual(Float32Array.from(numbers));
    const first = await prepare({ shuffle: false, split }, PICTURES, [{ type: 'batchNorm' }]);
    expect(first.train.x).toEqual(bytes.train.x);
  });

  it('that are the same everywhere become 0', async () => {
    const flat = Buffer.concat([
      idxFile([20, 3], Array(60).fill(0.1), 0x0e),
      idxFile([20], labels.slice(0, 20)),
    ]);
    const data = await prepare({}, flat);
    expect(encodingOf(data)).toMatchObject({ shape: [3], scale: 1, mean: [0.1, 0.1, 0.1], std: [1, 1, 1] });
    expect(data.train.x.every((x) => x === 0)).toBe(true);
  });

  it('are ids where an embedding takes them: neither scaled nor standardized', async () => {
    const ids = Array.from({ length: 60 }, (_, i) => i % 9);
    const content = Buffer.concat([idxFile([20, 3], ids), idxFile([20], labels.slice(0, 20))]);
    const data = { shuffle: false, split: { validation: 0, test: 0 } };
    const embedding: Layers = [{ type: 'embedding', inputDim: 9, outputDim: 2 }, { type: 'flatten' }];
    expect([...(await prepare(data, content, embedding)).train.x]).toEqual(ids);
    const few: Layers = [{ type: 'embedding', inputDim: 8, outputDim: 2 }, { type: 'flatten' }];
    await expect(prepare(data, content, few)).rejects.toThrow(
      /whole numbers from 0 to 7, and “image” has others/,
    );
  });

  it('are shared out, chosen and weighed by their labels like rows of a table', async () => {
    const data = await prepare({
      classes: ['0', '2'],
      limitPerClass: 8,
      classWeights: { '0': 3 },
      split: { validation: 0.25, test: 0 },
    });
    expect(data.preprocess.target).toEqual({ type: 'category', name: 'label', classes: ['0', '2'] });
    expect([data.train.count, data.validation.count]).toEqual([12, 4]);
    const isFirst = Array.from({ length: 12 }, (_, i) => data.train.y[2 * i] === 1);
    expect(isFirst.filter(Boolean)).toHaveLength(6);
    expect([...data.train.weights!]).toEqual(isFirst.map((first) => (first ? 3 : 1)));
  });

  it('go by their own labels, shuffled or not', async () => {
    for (const shuffle of [true, false]) {
      const { train } = await prepare({ standardize: false, shuffle });
      for (let i = 0; i < train.count; i++) {
        const first = Math.round(rowOf(train, i)[0]! * 255);
        const row = labels.findIndex((_, candidate) => value(candidate * 12) === first);
        expect(train.y[3 * i + labels[row]!]).toBe(1);
      }
    }
  });

  it.each<[TypeCode]>([[0x09], [0x0b], [0x0c], [0x0d], [0x0e]])('may be of type %i', async (code) => {
    const small = Array.from({ length: 60 }, (_, i) => (i % 50) - 25);
    const content = Buffer.concat([idxFile([20, 3], small, code), idxFile([20], labels.slice(0, 20))]);
    const data = await prepare(
      { standardize: false, shuffle: false, split: { validation: 0, test: 0 } },
      content,
    );
    expect([...data.train.x]).toEqual(small);
  });

  it('that float32 can’t hold are refused', async () => {
    const large = Array.from({ length: 60 }, (_, i) => i * 1e300);
    const content = Buffer.concat([idxFile([20, 3], large, 0x0e), idxFile([20], labels.slice(0, 20))]);
    await expect(prepare({ standardize: false }, content)).rejects.toThrow(
      /“image”: row \d+ has a number that is too large/,
    );
    await expect(prepare({}, content)).rejects.toThrow('“image”: the numbers are too large');
  });

  it('with labels that have fractions are regressed', async () => {
    const content = Buffer.concat([
      idxFile(SHAPE, numbers),
      idxFile(
        [COUNT],
        labels.map((label) => label / 2),
        0x0d,
      ),
    ]);
    const { preprocess, train } = await prepare({}, content);
    expect(preprocess).toMatchObject({ task: 'regression', target: { type: 'number', name: 'label' } });
    expect(train.units).toBe(1);
  });

  it('of another data set than was described are refused', async () => {
    const schema: DatasetSchema = { rows: COUNT, columns: [tensor('image'), label] };
    const folder = await mkdtemp(join(tmpdir(), 'trainyard-data-'));
    const path = join(folder, 'data');
    const load = async (...files: Buffer[]) => {
      await writeFile(path, Buffer.concat(files));
      return prepareData(path, 'idx', schema, jobSpec({}));
    };
    try {
      await expect(
        load(idxFile([29, 2, 2, 3], numbers.slice(12)), idxFile([29], labels.slice(1))),
      ).rejects.toThrow('the file has 29 rows and not 30');
      await expect(load(PICTURES, PICTURES)).rejects.toThrow('the file has more than 30 rows');
      await expect(load(idxFile([30, 12], numbers), idxFile([30], labels))).rejects.toThrow(
        '“image”: its shape is 12 and not 2 × 2 × 3',
      );
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

const tensor = (name: string): Column => ({
  name,
  type: 'tensor',
  shape: [2, 2, 3],
  missing: 0,
  distinct: null,
  min: 0,
  max: 255,
  integer: true,
});
const label: Column = {
  name: 'label',
  type: 'category',
  missing: 0,
  distinct: 3,
  classes: ['0', '1', '2'].map((value) => ({ value, count: 10 })),
};

describe('a plan for pictures', () => {
  const plan = (data: Data, columns = [tensor('image'), label]) =>
    planData(jobSpec(data).data, { rows: COUNT, columns }, []);

  it('takes the label for the target and the pictures for the input', () => {
    expect(plan({})).toMatchObject({
      plan: {
        inputs: [{ name: 'image', type: 'tensor' }],
        targets: [{ name: 'label' }],
        inputShape: [2, 2, 3],
        outputUnits: 3,
      },
    });
  });

  it.each<[string, Data, Column[] | undefined, string, RegExp]>([
    ['no target in a table', {}, [label], '/data/target', /^say which column is the target$/],
    [
      'pictures for a target',
      { target: 'image', inputs: ['label'] },
      undefined,
      '/data/target',
      /“image” is a tensor/,
    ],
    [
      'a tensor beside another input',
      { inputs: ['other', 'image'], target: 'label' },
      [tensor('image'), label, { ...label, name: 'other' }],
      '/data/inputs/1',
      /“image” is a tensor of shape 2 × 2 × 3, so it must be the only input/,
    ],
    [
      'a weight that is a tensor',
      { sampleWeight: 'image', inputs: ['image'] },
      undefined,
      '/data/inputs/0',
      /is the sample weight/,
    ],
    [
      'a split by the label',
      { split: { column: 'label' } },
      undefined,
      '/data/split/column',
      /“label” is the target/,
    ],
  ])('finds %s', (_what, data, columns, pointer, message) => {
    const planning = plan(data, columns);
    expect('problems' in planning && planning.problems[0]).toEqual({
      pointer,
      message: expect.stringMatching(message),
    });
  });
});

describe('a prediction on pictures', () => {
  const model = (shape: number[], channels: number) =>
    Preprocess.parse({
      task: 'classification',
      inputs: [
        {
          type: 'tensor',
          name: 'image',
          shape,
          scale: 1 / 255,
          mean: Array(channels).fill(0.5),
          std: Array(channels).fill(0.25),
        },
      ],
      target: { type: 'category', name: 'label', classes: ['0', '1'] },
    });
  const GREY = model([2, 3, 1], 1);
  const encode = (inputs: unknown[], preprocess = GREY) =>
    encodeInputs(preprocess, inputs as PredictionInput[]);
  const picture = [
    [0, 255, 51],
    [102, 153, 204],
  ];

  it('sees the numbers that training saw', async () => {
    const { preprocess, train } = await prepare({ shuffle: false, split: { validation: 0, test: 0 } });
    const nested = Array.from({ length: COUNT }, (_, row) =>
      [0, 1].map((y) => [0, 1].map((x) => [0, 1, 2].map((c) => numbers[((row * 2 + y) * 2 + x) * 3 + c]!))),
    );
    expect((await encodeInputs(Preprocess.parse(preprocess), nested)).x).toEqual(train.x);
  });

  it('takes a picture with its channel axis or without, alone or by name', async () => {
    const channelled = picture.map((row) => row.map((number) => [number]));
    const { x, count, width } = await encode([
      picture,
      channelled,
      { image: picture },
      { image: channelled },
    ]);
    expect([count, width]).toEqual([4, 6]);
    const expected = picture.flat().map((number) => Math.fround((number / 255 - 0.5) / 0.25));
    for (let i = 0; i < 4; i++)
      for (const [j, number] of expected.entries()) expect(x[i * 6 + j]).toBeCloseTo(number, 6);
  });

  it.each<[string, unknown, string, RegExp]>([
    [
      'a row too few',
      picture.slice(1),
      '/inputs/0',
      /^a list of 2 × 3 × 1 is expected here, and this is a list of 1$/,
    ],
    [
      'a row too short',
      [picture[0], [1, 2]],
      '/inputs/0/1',
      /^a list of 3 × 1 is expected here, and this is a list of 2$/,
    ],
    ['a flat list', picture.flat(), '/inputs/0', /and this is a list of 6$/],
    ['a number for a row', [picture[0], 7], '/inputs/0/1', /^a list of 3 × 1 .* this is 7$/],
    [
      'two channels',
      [picture[0], [1, 2, [3, 4]]],
      '/inputs/0/1/2',
      /^a list of 1 is expected here, and this is a list of 2$/,
    ],
    [
      'a deeper list',
      [picture[0], [1, 2, [[3]]]],
      '/inputs/0/1/2/0',
      /^a finite number is expected here, and this is a list of 1$/,
    ],
    ['infinity', [picture[0], [1, 2, Number.POSITIVE_INFINITY]], '/inputs/0/1/2', /this is Infinity$/],
    ['a row too short, by name', { image: [picture[0], [1]] }, '/inputs/0/image/1', /this is a list of 1$/],
    ['text', { image: 'iVBOR' }, '/inputs/0/image', /^the picture is neither a PNG nor a JPEG$/],
    ['null', { image: null }, '/inputs/0/image', /and this is null$/],
    ['a boolean', { image: true }, '/inputs/0/image', /and this is a boolean$/],
    ['nothing', {}, '/inputs/0/image', /the column “image” is missing/],
    ['another name', { image: picture, imag: 1 }, '/inputs/0/imag', /do you mean “image”/],
    ['the label', { image: picture, label: 1 }, '/inputs/0/label', /is what the model predicts/],
  ])('refuses %s', async (_what, input, pointer, message) => {
    try {
      await encode([input]);
    } catch (error) {
      expect((error as InputError).errors).toEqual([{ pointer, message: expect.stringMatching(message) }]);
      return;
    }
    throw new Error('it was taken');
  });

  it('refuses many wrong inputs without the memory of as many right ones', async () => {
    const large = model([1_024, 1_024, 1], 1);
    await expect(encode(Array(10_000).fill([1]), large)).rejects.toThrow(InputError);
  });

  it('needs the channel axis where there are several', async () => {
    await expect(encode([picture], model([2, 3, 3], 3))).rejects.toThrow(
      /a list of 3 is expected here, and this is 0/,
    );
  });
});
