import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAugment } from '../../../src/data/augment/index.ts';
import { createGather, gatherAugmented } from '../../../src/data/batches.ts';
import type { Examples } from '../../../src/data/examples.ts';
import { Augmentation } from '../../../src/spec/augment.ts';
import type { TensorEncoding } from '../../../src/spec/preprocess.ts';
import { idxFile } from '../../idx.ts';
import { jobSpec, prepared } from './fixture.ts';

const SHAPE = [6, 8, 3];
const WIDTH = 6 * 8 * 3;
const COUNT = 40;
/** Bytes of 0 … 255, encoded as −1 … 1. */
const ENCODING: TensorEncoding = {
  type: 'tensor',
  name: 'image',
  shape: SHAPE,
  scale: 1 / 255,
  mean: [0.5, 0.5, 0.5],
  std: [0.5, 0.5, 0.5],
};
const EVERYTHING = [
  { type: 'flip' },
  { type: 'flip', direction: 'vertical', probability: 0.3 },
  { type: 'shift', pixels: 2 },
  { type: 'rotate', degrees: 20, fill: 'black' },
  { type: 'crop', scale: [0.5, 0.9] },
  { type: 'brightness', amount: 0.3 },
  { type: 'contrast', amount: 0.3 },
];
const examples: Examples = {
  count: COUNT,
  width: WIDTH,
  x: Float32Array.from({ length: COUNT * WIDTH }, (_, i) => Math.fround(Math.sin(i))),
  units: 1,
  y: Float32Array.from({ length: COUNT }, (_, i) => i),
};
const order = Uint32Array.from({ length: COUNT }, (_, i) => (i * 7) % COUNT);

const augmentBy = (steps: readonly object[], seed = 1) =>
  createAugment(
    steps.map((step) => Augmentation.parse(step)),
    ENCODING,
    [0, 255],
    seed,
  );
/** The examples in the epoch's order, gathered in batches of `size`. */
function epochOf(steps: readonly object[], { size = 8, epoch = 1, stage = 1, seed = 1 } = {}): number[] {
  const gather = gatherAugmented(examples, augmentBy(steps, seed));
  const seen: number[] = [];
  for (let start = 0; start < COUNT; start += size)
    seen.push(...gather(examples, order, start, size, { stage, epoch }).x);
  return seen;
}
const plain = [...createGather()(examples, order, 0, COUNT).x];

describe('augmentation', () => {
  it('is the same for the same seed, stage, epoch and example, whatever the batch', () => {
    const once = epochOf(EVERYTHING);
    for (const size of [1, 3, 32, COUNT]) expect(epochOf(EVERYTHING, { size })).toEqual(once);
    for (const other of [{ epoch: 2 }, { stage: 2 }, { seed: 2 }])
      expect(epochOf(EVERYTHING, other)).not.toEqual(once);
  });

  it('changes nothing but the batch of the training split', () => {
    const before = examples.x.slice();
    const measured = { ...examples };
    const gather = gatherAugmented(examples, augmentBy(EVERYTHING));
    const at = { stage: 1, epoch: 1 };
    const batch = gather(examples, order, 32, 32, at);
    expect(batch.count).toBe(8);
    expect([...batch.y]).toEqual([...order.subarray(32)]);
    expect(examples.x).toEqual(before);
    expect([...gather(measured, order, 0, COUNT, at).x]).toEqual(plain);
  });

  it('gives each example changes of its own', () => {
    const alike = {
      ...examples,
      x: Float32Array.from({ length: COUNT * WIDTH }, (_, i) => Math.sin(i % WIDTH)),
    };
    const { x } = gatherAugmented(alike, augmentBy(EVERYTHING))(alike, order, 0, COUNT, {
      stage: 1,
      epoch: 1,
    });
    const rows = Array.from({ length: COUNT }, (_, i) => x.slice(i * WIDTH, (i + 1) * WIDTH).join());
    expect(new Set(rows).size).toBe(COUNT);
  });

  it.each(EVERYTHING.map((step) => [step.type, step] as const))(
    'keeps %s between black and white',
    (_, step) => {
      fc.assert(
        fc.property(
          fc.array(fc.float({ min: -1, max: 1, noNaN: true }), { minLength: WIDTH, maxLength: WIDTH }),
          fc.nat(),
          (values, example) => {
            const picture = Float32Array.from(values);
            augmentBy([step])(picture, { stage: 1, epoch: 1, example });
            expect(picture.every((value) => value >= -1.000001 && value <= 1.000001)).toBe(true);
          },
        ),
        { numRuns: 30 },
      );
    },
  );

  it('mirrors about as often as it is told', () => {
    const isMirrored = (probability: number) => {
      const found = epochOf([{ type: 'flip', probability }]);
      return Array.from({ length: COUNT }, (_, i) => i).filter((i) => found[i * WIDTH] !== plain[i * WIDTH])
        .length;
    };
    expect([isMirrored(0), isMirrored(1)]).toEqual([0, COUNT]);
    expect(isMirrored(0.5)).toBeGreaterThan(COUNT / 4);
    expect(isMirrored(0.5)).toBeLessThan((3 * COUNT) / 4);
  });

  it('shifts by every number of pixels up to the most, and by no more', () => {
    const white = new Float32Array(WIDTH).fill(-1);
    const middle = (3 * 8 + 4) * 3;
    white.fill(1, middle, middle + 3);
    const places = new Set<string>();
    for (let example = 0; example < 400; example++) {
      const picture = white.slice();
      augmentBy([{ type: 'shift', pixels: 1, fill: 'black' }])(picture, { stage: 1, epoch: 1, example });
      const at = picture.indexOf(1) / 3;
      places.add(`${Math.floor(at / 8) - 3},${(at % 8) - 4}`);
    }
    expect([...places].sort()).toEqual(['-1,-1', '-1,0', '-1,1', '0,-1', '0,0', '0,1', '1,-1', '1,0', '1,1']);
  });

  it('goes through its steps in their order', () => {
    const picture = () => Float32Array.from({ length: WIDTH }, (_, i) => Math.sin(i));
    const at = { stage: 3, epoch: 4, example: 5 };
    const both = picture();
    augmentBy([
      { type: 'flip', probability: 1 },
      { type: 'flip', probability: 1 },
    ])(both, at);
    expect(both).toEqual(picture());
    const [one, other] = [picture(), picture()];
    augmentBy([
      { type: 'flip', probability: 1 },
      { type: 'brightness', amount: 1 },
    ])(one, at);
    augmentBy([
      { type: 'brightness', amount: 1 },
      { type: 'flip', probability: 1 },
    ])(other, at);
    expect(one).not.toEqual(other);
  });

  it('takes little of the time of a step', () => {
    const shape = [28, 28, 1];
    const encoding = { ...ENCODING, shape, mean: [0.5], std: [0.5] };
    const steps = [{ type: 'flip' }, { type: 'shift', pixels: 2 }].map((step) => Augmentation.parse(step));
    const augment = createAugment(steps, encoding, [0, 255], 1);
    const batches = 50;
    const picture = new Float32Array(784);
    const run = () => {
      for (let i = 0; i < 32 * batches; i++) augment(picture, { stage: 1, epoch: 1, example: i });
    };
    run();
    const startedAt = performance.now();
    run();
    // Measured: about 0.2 ms. A slow machine has ten times that.
    expect((performance.now() - startedAt) / batches).toBeLessThan(5);
  });
});

describe('a job that augments', () => {
  const content = (code: 0x08 | 0x0d) =>
    Buffer.concat([
      idxFile(
        [20, 4, 4],
        Array.from({ length: 320 }, (_, i) => i % 200),
        code,
      ),
      idxFile(
        [20],
        Array.from({ length: 20 }, (_, i) => i % 2),
      ),
    ]);
  const brightest = async (code: 0x08 | 0x0d) => {
    const spec = jobSpec({ standardize: false, augment: [{ type: 'brightness', amount: 1 }] });
    const { augment, train } = await prepared(content(code), spec, { format: 'idx' });
    let most = 0;
    for (let example = 0; example < 50; example++) {
      const start = (example % train.count) * 16;
      const picture = train.x.slice(start, start + 16);
      augment!(picture, { stage: 1, epoch: 1, example });
      most = Math.max(most, ...picture);
    }
    return most;
  };

  it('takes black and white from bytes as such, and else from what the column has', async () => {
    expect(await brightest(0x08)).toBe(1);
    expect(await brightest(0x0d)).toBe(199);
  });

  it('has nothing to augment with unless it says so', async () => {
    expect((await prepared(content(0x08), jobSpec({}), { format: 'idx' })).augment).toBeNull();
  });
});
