import { describe, expect, it } from 'vitest';
import { planData } from '../../../src/data/plan.ts';
import { type AskedShape, askedShape } from '../../../src/spec/asked-shape.ts';
import type { Column, Pictures } from '../../../src/spec/dataset.ts';
import { hiddenLayers } from '../../../src/spec/expand.ts';
import type { JobSpecInput } from '../../../src/spec/job.ts';
import { jobSpec } from './fixture.ts';

type Data = Omit<JobSpecInput['data'], 'dataset'>;

const SQUARE: Pictures = { channels: 3, sizes: [{ height: 32, width: 32, count: 40 }], distinctSizes: 1 };
const MIXED: Pictures = {
  channels: 1,
  sizes: [
    { height: 480, width: 640, count: 30 },
    { height: 640, width: 480, count: 8 },
    { height: 9, width: 9, count: 1 },
    { height: 7, width: 9, count: 1 },
  ],
  distinctSizes: 4,
};

const image = (pictures: Pictures): Column => ({
  name: 'image',
  type: 'tensor',
  ...(pictures.distinctSizes === 1 && { shape: [32, 32, 3] }),
  missing: 0,
  distinct: null,
  min: 0,
  max: 255,
  integer: true,
  pictures,
});
const tensor = (shape: number[]): Column => {
  const { pictures: _, ...column } = image(SQUARE);
  return { ...column, shape };
};
const label: Column = {
  name: 'label',
  type: 'category',
  missing: 0,
  distinct: 2,
  classes: ['cat', 'dog'].map((value) => ({ value, count: 20 })),
};
const number: Column = { name: 'x', type: 'number', missing: 0, distinct: 9, min: 0, max: 8, integer: true };

function plan(
  data: Data,
  column = image(SQUARE),
  options: { asked?: AskedShape; rows?: number; layers?: JobSpecInput['model']['layers'] } = {},
) {
  const spec = jobSpec({ target: 'label', ...data }, options.layers);
  const columns = [column, label].map((each) => ({
    ...each,
    ...(options.rows &&
      each === label && { classes: label.classes!.map((it) => ({ ...it, count: options.rows! / 2 })) }),
  }));
  return planData(spec.data, { rows: options.rows ?? 40, columns }, hiddenLayers(spec.model), {
    asked: options.asked,
  });
}

describe('the shape of pictures', () => {
  it.each<[string, Data, Pictures, AskedShape | undefined, object]>([
    [
      'is the one that all of them have',
      {},
      SQUARE,
      undefined,
      { height: 32, width: 32, channels: 3, fit: 'cover' },
    ],
    [
      'is what the job says',
      { imageSize: { height: 8, width: 9, fit: 'fill' } },
      MIXED,
      undefined,
      { height: 8, width: 9, channels: 1, fit: 'fill' },
    ],
    [
      'is what the model asks for',
      {},
      MIXED,
      [24, 28, 3],
      { height: 24, width: 28, channels: 3, fit: 'cover' },
    ],
    [
      'is what the model asks for, though all have another',
      {},
      SQUARE,
      [24, 28, 1],
      { height: 24, width: 28, channels: 1, fit: 'cover' },
    ],
    [
      'is what the job says, though the model asks for another',
      { imageSize: { height: 8, width: 9, channels: 1 } },
      SQUARE,
      [24, 28, 3],
      { height: 8, width: 9, channels: 1, fit: 'cover' },
    ],
    [
      'takes channels from the model where the job leaves them out',
      { imageSize: { height: 8, width: 9 } },
      MIXED,
      [null, null, 3],
      { height: 8, width: 9, channels: 3, fit: 'cover' },
    ],
    [
      'is theirs where the model leaves it open',
      {},
      SQUARE,
      [null, null, 3],
      { height: 32, width: 32, channels: 3, fit: 'cover' },
    ],
    [
      'passes over what can be no picture',
      {},
      SQUARE,
      [3072],
      { height: 32, width: 32, channels: 3, fit: 'cover' },
    ],
    [
      'passes over other channels',
      {},
      SQUARE,
      [32, 32, 4],
      { height: 32, width: 32, channels: 3, fit: 'cover' },
    ],
  ])('%s', (_what, data, pictures, asked, picture) => {
    const { height, width, channels } = picture as Record<string, number>;
    expect(plan(data, image(pictures), asked && { asked })).toMatchObject({
      plan: { inputShape: [height, width, channels], inputs: [{ name: 'image', type: 'tensor', picture }] },
    });
  });
});

const EMBEDDING: JobSpecInput['model']['layers'] = [{ type: 'embedding', inputDim: 256, outputDim: 2 }];

describe('the shape that a model asks for', () => {
  const input = { class_name: 'InputLayer', config: { batch_input_shape: [null, 28, null, 3], name: 'in' } };
  const topology = { class_name: 'Sequential', config: { layers: [input] } };
  const parent = {
    network: { inputShape: [16, 16, 3], layers: [] },
    inputs: [{ name: 'image', type: 'tensor' as const }],
  };
  it.each<[string, Parameters<typeof askedShape>, AskedShape | undefined]>([
    ['is its parent’s', [{}, parent], [16, 16, 3]],
    ['is its topology’s', [{ topology }, undefined], [28, null, 3]],
    [
      'is open where its topology says none',
      [{ topology: { class_name: 'Sequential', config: { layers: [] } } }, undefined],
      undefined,
    ],
    ['is open for a list of layers', [{}, undefined], undefined],
  ])('%s', (_what, [model, of], shape) => {
    expect(askedShape(model, of)).toEqual(shape);
  });
});

describe('problems', () => {
  it.each<[string, ReturnType<typeof plan>, string, RegExp]>([
    [
      'pictures of several sizes',
      plan({}, image(MIXED)),
      '/data/imageSize',
      /^the pictures have 4 sizes, height × width: 480 × 640 \(30\), 640 × 480 \(8\), 9 × 9 \(1\), …; say to which they are brought: \{ "height": …, "width": … \}$/,
    ],
    [
      'a size for tensors',
      plan({ imageSize: { height: 8, width: 8 } }, tensor([28, 28, 1])),
      '/data/imageSize',
      /^“image” has the shape 28 × 28 × 1 in every row already; only pictures in a ZIP are brought to a size$/,
    ],
    [
      'a size for a table',
      plan({ imageSize: { height: 8, width: 8 } }, number),
      '/data/imageSize',
      /^the inputs are no pictures; only pictures in a ZIP/,
    ],
    [
      'more than the memory holds',
      plan({ imageSize: { height: 224, width: 224 } }, image(SQUARE), { rows: 60_000 }),
      '/data/imageSize',
      /^60000 pictures of 224 × 224 × 3 take 45\.2 GB, and 4 are the most: choose a smaller size$/,
    ],
    [
      'augmentation of a table',
      plan({ augment: [{ type: 'flip' }] }, number),
      '/data/augment',
      /^only pictures are augmented, tensors of height × width × channels, and the inputs are columns of single values$/,
    ],
    [
      'augmentation of other tensors',
      plan({ augment: [{ type: 'flip' }] }, tensor([12])),
      '/data/augment',
      /and “image” has the shape 12$/,
    ],
    [
      'augmentation of ids',
      plan({ augment: [{ type: 'flip' }] }, image(SQUARE), { layers: EMBEDDING }),
      '/data/augment',
      /and the first layer is an embedding, which takes ids$/,
    ],
    [
      'a shift out of the picture',
      plan({ augment: [{ type: 'flip' }, { type: 'shift', pixels: 32 }] }),
      '/data/augment/1/pixels',
      /^a shift by 32 pixels can leave nothing of a picture of 32 × 32$/,
    ],
  ])('are told for %s', (_what, planning, pointer, message) => {
    expect('problems' in planning && planning.problems).toEqual([
      { pointer, message: expect.stringMatching(message) },
    ]);
  });

  it('are none for as much as the memory holds', () => {
    expect(plan({}, image(SQUARE), { rows: 60_000 })).toMatchObject({ warnings: [] });
    const augment: Data['augment'] = [
      { type: 'shift', pixels: 31 },
      { type: 'crop' },
      { type: 'rotate', degrees: 15 },
    ];
    expect(plan({ augment })).toMatchObject({ warnings: [] });
    expect(plan({ augment }, tensor([32, 32, 1]))).toMatchObject({ warnings: [] });
  });
});
