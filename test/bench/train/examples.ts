import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildNetwork, initialWeights } from '../../../src/engine/model/network.ts';
import { key, normal, uniform } from '../../../src/random.ts';
import { size } from '../../../src/spec/shapes.ts';
import { CLASSES, type Model } from './models.ts';
import { type ExampleFiles, SEED, type WeightFile } from './protocol.ts';

/** Divided evenly by every batch that is asked for: no step is smaller than the others. */
const COUNT = 2_048;
/** How far apart two classes lie, in standard deviations of the noise: a few steps already tell in the loss. */
const DISTANCE = 8;

/** Made-up examples that can be learned, the same each time, written once for all contenders. */
export function writeExamples(
  folder: string,
  { name, inputShape, task }: Model,
  count = COUNT,
): ExampleFiles {
  const width = size(inputShape);
  const { x, y } = task === 'classification' ? classified(name, width, count) : regressed(name, width, count);
  const [xFile, yFile] = [join(folder, `${name}-x.f32`), join(folder, `${name}-y.f32`)];
  writeFileSync(xFile, x);
  writeFileSync(yFile, y);
  const classes = task === 'classification' ? CLASSES : null;
  return { x: xFile, y: yFile, count, inputShape, classes };
}

/** Without the moving statistics, which start the same everywhere. */
export function writeInitial(folder: string, { name, network: spec }: Model): WeightFile {
  const network = buildNetwork(spec);
  const moving = [...network.weights].filter(([, { trainable }]) => trainable);
  const values = initialWeights(network, SEED);
  const file = join(folder, `${name}-weights.f32`);
  writeFileSync(file, Buffer.concat(moving.map(([weight]) => Buffer.from(values[weight]!.data.buffer))));
  const weights = moving.map(([weight, { shape }]) => ({ name: weight, shape, size: size(shape) }));
  return { file, weights };
}

interface Examples {
  readonly x: Float32Array;
  readonly y: Float32Array;
}

/** Noise about one point a class. */
function classified(name: string, width: number, count: number): Examples {
  const far = DISTANCE / Math.sqrt(2 * width);
  const centres = normals(CLASSES * width, name, 'centres');
  const y = Float32Array.from({ length: count }, (_, row) =>
    Math.floor(CLASSES * uniform(key(name, 'y'), row)),
  );
  const x = normals(count * width, name, 'x').map((noise, i) => {
    const start = y[Math.floor(i / width)]! * width;
    return noise + far * centres[start + (i % width)]!;
  });
  return { x, y };
}

/** A bent plane and a little noise. */
function regressed(name: string, width: number, count: number): Examples {
  const slopes = normals(width, name, 'slopes');
  const x = normals(count * width, name, 'x');
  const y = normals(count, name, 'noise').map((noise, row) => {
    const sum = slopes.reduce((total, slope, i) => total + slope * x[row * width + i]!, 0);
    return Math.tanh(sum) + 0.05 * noise;
  });
  return { x, y };
}

function normals(length: number, ...names: string[]): Float32Array {
  const stream = key(...names);
  return Float32Array.from({ length }, (_, i) => normal(stream, i));
}
