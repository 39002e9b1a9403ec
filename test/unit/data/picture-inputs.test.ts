import { describe, expect, it } from 'vitest';
import { encodeInputs, InputError } from '../../../src/data/encode-inputs.ts';
import type { PredictionInput } from '../../../src/spec/prediction.ts';
import { Preprocess } from '../../../src/spec/preprocess.ts';
import { drawn, plain, promisedPng } from '../../pictures.ts';
import { zipFile } from '../../zip.ts';
import { jobSpec, prepared } from './fixture.ts';

type Said = { shape?: number[]; scale?: number; bytes?: boolean; fit?: 'cover' | 'fill' };

const model = ({ shape = [2, 3, 1], scale = 1 / 255, fit, ...said }: Said = {}) =>
  Preprocess.parse({
    task: 'classification',
    inputs: [
      {
        type: 'tensor',
        name: 'image',
        shape,
        scale,
        mean: Array(shape.at(-1)).fill(0),
        std: Array(shape.at(-1)).fill(scale),
        ...(fit && { fit }),
        ...said,
      },
    ],
    target: { type: 'category', name: 'label', classes: ['0', '1'] },
  });
const TABLE = Preprocess.parse({
  task: 'regression',
  inputs: [{ type: 'number', name: 'x', mean: 0, std: 1 }],
  target: { type: 'number', name: 'y', mean: 0, std: 1 },
});

const GREY = [10, 20, 30, 40, 50, 60];
const grey = drawn(GREY, 2, 3, 1);
const base64 = async (content: Promise<Buffer>) => (await content).toString('base64');
/** With a mean of 0 and a deviation of 1/255, a byte is encoded as itself. */
const bytesOf = async (inputs: unknown[], preprocess = model()) => {
  const { x } = await encodeInputs(preprocess, inputs as PredictionInput[]);
  return [...x].map(Math.round);
};

describe('a picture in base64', () => {
  it('is taken alone or by name, as a data URL or without, beside lists of numbers', async () => {
    const text = await base64(grey.png().toBuffer());
    const nested = [GREY.slice(0, 3), GREY.slice(3)];
    const inputs = [
      text,
      `data:image/png;base64,${text}`,
      { image: text },
      `${text}\n`,
      nested,
      { image: nested },
    ];
    expect(await bytesOf(inputs)).toEqual(inputs.flatMap(() => GREY));
    expect(await bytesOf([text.replaceAll('+', '-').replaceAll('/', '_')])).toEqual(GREY);
  });

  it('is taken where bytes become something else than 0 … 1, and they are said to be bytes', async () => {
    const text = await base64(grey.png().toBuffer());
    expect(await bytesOf([text], model({ scale: 2 / 255, bytes: true }))).toEqual(GREY);
    await expect(bytesOf([text], model({ scale: 2 / 255 }))).rejects.toThrow(InputError);
  });

  it('may be a JPEG, and gets the channels that the model takes', async () => {
    const jpeg = await base64(
      plain({ height: 2, width: 3, colour: [90, 90, 90] })
        .jpeg()
        .toBuffer(),
    );
    expect(await bytesOf([jpeg])).toEqual(Array(6).fill(90));
    const png = await base64(grey.png().toBuffer());
    expect(await bytesOf([png], model({ shape: [2, 3, 3] }))).toEqual(
      GREY.flatMap((value) => [value, value, value]),
    );
  });

  it('is resized where the pictures of training were, in the same way', async () => {
    const values = Array.from({ length: 12 * 16 * 3 }, (_, i) => (i * 37) % 256);
    const picture = await drawn(values, 12, 16, 3).png().toBuffer();
    for (const fit of ['cover', 'contain', 'fill'] as const) {
      const entries = ['a/1.png', 'b/2.png'].map((name) => ({ name, content: picture }));
      const spec = jobSpec({ imageSize: { height: 6, width: 6, fit }, split: { validation: 0, test: 0 } });
      const { preprocess, train } = await prepared(zipFile(entries), spec, { format: 'zip' });
      const { x } = await encodeInputs(Preprocess.parse(preprocess), [picture.toString('base64')]);
      expect(x).toEqual(train.x.subarray(0, train.width));
    }
  });

  const refusals: [string, () => Promise<string> | string, RegExp, Preprocess?][] = [
    ['no base64', () => 'not base64!', /^the picture isn’t base64$/],
    [
      'another file',
      () => Buffer.from('GIF89a…').toString('base64'),
      /^the picture is neither a PNG nor a JPEG$/,
    ],
    ['an empty data URL', () => 'data:image/png;base64,', /^the picture isn’t base64$/],
    [
      'a data URL of another kind',
      () => 'data:image/png,abc',
      /^the picture is a data URL without “;base64”$/,
    ],
    [
      'a broken picture',
      async () => (await base64(grey.png().toBuffer())).slice(0, 80),
      /^the picture can’t be decoded: /,
    ],
    [
      'a pixel bomb',
      () => base64(promisedPng(50_000, 50_000)),
      /^the picture has more than 50000000 pixels$/,
    ],
    [
      'more bytes than a picture has',
      () => 'A'.repeat(46 * 1024 * 1024),
      /^the picture has more than 33554432 bytes$/,
    ],
    [
      'another size, where nothing was resized',
      () => base64(plain({ height: 4, width: 3 }).png().toBuffer()),
      /^the picture has 4 × 3 pixels, and the model takes 2 × 3: it was trained without resizing$/,
    ],
    [
      'a model of other numbers',
      () => base64(grey.png().toBuffer()),
      /and this is text$/,
      model({ scale: 1 }),
    ],
    [
      'a model of other tensors',
      () => base64(grey.png().toBuffer()),
      /and this is text$/,
      model({ shape: [6] }),
    ],
    [
      'a model of other channels',
      () => base64(grey.png().toBuffer()),
      /and this is text$/,
      model({ shape: [2, 3, 2] }),
    ],
    [
      'a model of a table',
      () => base64(grey.png().toBuffer()),
      /^a row is expected here, and this is text$/,
      TABLE,
    ],
  ];
  it.each(refusals)('is refused for %s', async (_what, make, message, preprocess = model()) => {
    const text = await make();
    const named = preprocess === TABLE ? [] : [{ image: text }];
    const error = await encodeInputs(preprocess, [text, ...named]).catch((fault) => fault);
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).errors).toEqual(
      ['/inputs/0', '/inputs/1/image']
        .slice(0, 1 + named.length)
        .map((pointer) => ({ pointer, message: expect.stringMatching(message) })),
    );
  });
});
