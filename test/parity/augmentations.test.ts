import { describe, expect, it } from 'vitest';
import { brighten } from '../../src/data/augment/brightness.ts';
import { stretch } from '../../src/data/augment/contrast.ts';
import { enlarge } from '../../src/data/augment/crop.ts';
import { mirror } from '../../src/data/augment/flip.ts';
import type { Fill, Frame } from '../../src/data/augment/frame.ts';
import { turn } from '../../src/data/augment/rotate.ts';
import { translate } from '../../src/data/augment/shift.ts';
import { expectClose, fixture } from './fixture.ts';

/** Against SciPy's map_coordinates and NumPy. */

type Case<Said> = Said & { to: number[][][] };
interface Augmentations {
  shape: [number, number, number];
  lowest: number[];
  highest: number[];
  picture: number[][][];
  mirror: Case<{ direction: 'horizontal' | 'vertical' }>[];
  translate: Case<{ down: number; right: number; fill: Fill }>[];
  turn: Case<{ degrees: number; fill: Fill }>[];
  enlarge: Case<{ top: number; left: number; share: number }>[];
  brighten: Case<{ share: number }>[];
  stretch: Case<{ factor: number }>[];
}
const known = fixture<Augmentations>('augmentations');
const [height, width, channels] = known.shape;
const frame: Frame = {
  height,
  width,
  channels,
  lowest: Float32Array.from(known.lowest),
  highest: Float32Array.from(known.highest),
};
const picture = Float32Array.from(known.picture.flat(2));

function expectMade(make: (from: Float32Array, to: Float32Array) => void, to: number[][][]): void {
  const found = new Float32Array(picture.length);
  const before = picture.slice();
  make(picture, found);
  expectClose(found, to.flat(2), { tolerance: 1e-5, floor: 1 });
  expect(picture).toEqual(before);
}

describe('a picture', () => {
  it.each(known.mirror)('mirrored $direction', ({ direction, to }) =>
    expectMade((from, target) => mirror(from, target, frame, direction), to),
  );
  it.each(known.translate)('moved by $down, $right, filled with $fill', ({ down, right, fill, to }) =>
    expectMade((from, target) => translate(from, target, frame, down, right, fill), to),
  );
  it.each(known.turn)('turned by $degrees°, filled with $fill', ({ degrees, fill, to }) =>
    expectMade((from, target) => turn(from, target, frame, degrees, fill), to),
  );
  it.each(known.enlarge)('enlarged from $top, $left by 1/$share', ({ to, ...part }) =>
    expectMade((from, target) => enlarge(from, target, frame, part), to),
  );
  it.each(known.brighten)('brightened by $share', ({ share, to }) =>
    expectMade((from, target) => brighten(from, target, frame, share), to),
  );
  it.each(known.stretch)('with $factor of its contrast', ({ factor, to }) =>
    expectMade((from, target) => stretch(from, target, frame, factor), to),
  );
});
