import { describe, expect, it } from 'vitest';
import { encodeInputs, InputError } from '../../../src/data/encode-inputs.ts';
import type { PredictionInput } from '../../../src/spec/prediction.ts';
import { Preprocess } from '../../../src/spec/preprocess.ts';

const MODEL = Preprocess.parse({
  task: 'regression',
  inputs: [
    { type: 'number', name: 'water', mean: 10, std: 2 },
    { type: 'boolean', name: 'wet' },
    { type: 'category', name: 'town', classes: ['3', 'Bern'], missingClass: false },
  ],
  target: { type: 'number', name: 'strength', mean: 0, std: 1 },
});

const FILLING = Preprocess.parse({
  ...MODEL,
  inputs: [
    { type: 'number', name: 'water', mean: 10, std: 2, fill: 10 },
    { type: 'boolean', name: 'wet', fill: 0.25 },
    { type: 'category', name: 'town', classes: ['3', 'Bern'], missingClass: true },
  ],
});

const encode = (inputs: unknown[], model = MODEL) => encodeInputs(model, inputs as PredictionInput[]);

async function problems(inputs: unknown[], model = MODEL): Promise<[string, string][]> {
  try {
    await encode(inputs, model);
  } catch (error) {
    if (error instanceof InputError) return error.errors.map(({ pointer, message }) => [pointer, message]);
    throw error;
  }
  return [];
}

const ROW = { water: 12, wet: true, town: 'Bern' };

describe('what is encoded', () => {
  it('standardizes numbers and makes categories one-hot, row by row', async () => {
    expect(await encode([ROW, { town: 3, wet: 0, water: 8 }])).toEqual({
      x: Float32Array.of(1, 1, 0, 1, -1, 0, 1, 0),
      count: 2,
      width: 4,
    });
  });

  it('takes a list in the order of the inputs', async () => {
    expect([...(await encode([[14, 1, 3]])).x]).toEqual([2, 1, 1, 0]);
  });

  it('fills in what is missing where the model was trained to, and takes a new category for a missing one', async () => {
    expect([...(await encode([{ water: null, wet: null, town: null }], FILLING)).x]).toEqual([
      0, 0.25, 0, 0, 1,
    ]);
    expect([...(await encode([{ ...ROW, town: 'Rom' }], FILLING)).x]).toEqual([1, 1, 0, 0, 1]);
  });
});

describe('what is refused', () => {
  it.each<[string, unknown, string, RegExp]>([
    ['a missing column', { wet: true, town: 'Bern' }, '/inputs/0/water', /^the column “water” is missing$/],
    [
      'an unknown column',
      { ...ROW, wett: 1 },
      '/inputs/0/wett',
      /no input of the model \(do you mean “wet”\?\)/,
    ],
    ['the target', { ...ROW, strength: 1 }, '/inputs/0/strength', /is what the model predicts/],
    ['text for a number', { ...ROW, water: 'much' }, '/inputs/0/water', /must be a number, not text/],
    ['a number as text', { ...ROW, water: '12' }, '/inputs/0/water', /must be a number, not text/],
    ['a boolean for a number', { ...ROW, water: true }, '/inputs/0/water', /must be a number, not a boolean/],
    ['an infinite number', { ...ROW, water: Number.POSITIVE_INFINITY }, '/inputs/0/water', /finite/],
    ['not a number', { ...ROW, water: Number.NaN }, '/inputs/0/water', /finite/],
    ['a number that float32 can’t hold', { ...ROW, water: 1e300 }, '/inputs/0/water', /1e\+300 is too large/],
    ['text for a boolean', { ...ROW, wet: 'true' }, '/inputs/0/wet', /must be true or false/],
    ['2 for a boolean', { ...ROW, wet: 2 }, '/inputs/0/wet', /must be true or false/],
    [
      'an unknown category',
      { ...ROW, town: 'Berm' },
      '/inputs/0/town',
      /had no “Berm” \(do you mean “Bern”\?\)/,
    ],
    ['null for a number', { ...ROW, water: null }, '/inputs/0/water', /a value is missing/],
    ['null for a boolean', { ...ROW, wet: null }, '/inputs/0/wet', /a value is missing/],
    ['null for a category', { ...ROW, town: null }, '/inputs/0/town', /a value is missing/],
    ['a list too short', [1, 2], '/inputs/0', /^the list has 2 numbers, and the model takes 3$/],
    ['a list with an unknown category', [1, 1, 7], '/inputs/0/2', /had no “7”/],
  ])('refuses %s', async (_what, input, pointer, message) => {
    expect(await problems([input])).toEqual([[pointer, expect.stringMatching(message)]]);
  });

  it('refuses each label of a multilabel model', async () => {
    const target = { type: 'labels', names: ['wet', 'cold'] };
    const inputs = [{ type: 'number', name: 'water', mean: 0, std: 1 }];
    const model = Preprocess.parse({ task: 'multilabel', inputs, target });
    expect(await problems([{ water: 1, wet: true, cold: false }], model)).toEqual([
      ['/inputs/0/wet', '“wet” is what the model predicts; leave it out'],
      ['/inputs/0/cold', '“cold” is what the model predicts; leave it out'],
    ]);
  });

  it('refuses a column that only the prototype has', async () => {
    const model = Preprocess.parse({
      ...MODEL,
      inputs: [{ type: 'number', name: 'constructor', mean: 0, std: 1 }],
    });
    expect(await problems([{}], model)).toEqual([
      ['/inputs/0/constructor', 'the column “constructor” is missing'],
    ]);
    expect(await problems([JSON.parse('{"constructor": 1, "__proto__": 2}')], model)).toEqual([
      ['/inputs/0/__proto__', expect.stringMatching(/is no input/)],
    ]);
  });

  it('says which input and escapes its column, and stops at twenty', async () => {
    expect((await problems([ROW, { ...ROW, 'a/b~c': 1 }]))[0]![0]).toBe('/inputs/1/a~1b~0c');
    expect(await problems(Array.from({ length: 100 }, () => ({})))).toHaveLength(20);
  });
});
