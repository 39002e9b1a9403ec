import { bits, inverseNormalCdf, type Key, normal, uniform } from '../../random.ts';
import type { WeightInitializer } from '../../spec/initializer.ts';
import { size } from '../../spec/shapes.ts';
import { orthogonal } from './orthogonal.ts';

/**
 * The first values of a weight, row-major: element i is drawn from the stream's element i, so the same key
 * gives the same values everywhere.
 * @param fans fan-in and fan-out of the kernel
 */
export function initialValues(
  initializer: WeightInitializer,
  shape: readonly number[],
  fans: readonly [number, number],
  stream: Key,
): Float32Array {
  if (initializer === 'orthogonal') return orthogonal(shape, stream);
  if (typeof initializer === 'object' && initializer.type === 'parts')
    return inParts(initializer.values, shape);
  const draw = drawer(initializer, fans, stream);
  return Float32Array.from({ length: size(shape) }, (_, i) => draw(i));
}

type Draw = (index: number) => number;
type ByElement = Exclude<WeightInitializer, 'orthogonal' | { type: 'parts' }>;

function drawer(initializer: ByElement, [fanIn, fanOut]: readonly [number, number], stream: Key): Draw {
  if (typeof initializer === 'object') return parametrized(initializer, stream);
  const fanMean = (fanIn + fanOut) / 2;
  switch (initializer) {
    case 'zeros':
      return () => 0;
    case 'ones':
      return () => 1;
    case 'glorotNormal':
      return truncatedNormal(1 / fanMean, stream);
    case 'glorotUniform':
      return centredUniform(1 / fanMean, stream);
    case 'heNormal':
      return truncatedNormal(2 / fanIn, stream);
    case 'heUniform':
      return centredUniform(2 / fanIn, stream);
    case 'lecunNormal':
      return truncatedNormal(1 / fanIn, stream);
    case 'lecunUniform':
      return centredUniform(1 / fanIn, stream);
  }
}

function parametrized(initializer: Extract<ByElement, object>, stream: Key): Draw {
  switch (initializer.type) {
    case 'constant':
      return () => initializer.value;
    case 'normal':
      return (i) => initializer.mean + initializer.std * normal(stream, i);
    case 'uniform':
      return (i) => initializer.low + (initializer.high - initializer.low) * uniform(stream, i);
  }
}

function inParts(values: readonly number[], shape: readonly number[]): Float32Array {
  const columns = shape.at(-1)!;
  const width = columns / values.length;
  return Float32Array.from({ length: size(shape) }, (_, i) => values[Math.floor((i % columns) / width)]!);
}

function centredUniform(variance: number, stream: Key): Draw {
  const limit = Math.sqrt(3 * variance);
  return (i) => limit * (2 * uniform(stream, i) - 1);
}

/** Φ(−2): what a normal distribution has below two standard deviations. */
const LOWER_TAIL = 0.02275013194817921;
/** The standard deviation of N(0, 1) cut off at ±2, by which Keras's `VarianceScaling` corrects. */
const TRUNCATED_STD = 0.8796256610342398;

/** A normal cut off at two standard deviations and widened so that the variance is as asked for. */
function truncatedNormal(variance: number, stream: Key): Draw {
  const scale = Math.sqrt(variance) / TRUNCATED_STD;
  return (i) => {
    const share = (bits(stream, i) + 0.5) / 4294967296;
    return scale * inverseNormalCdf(LOWER_TAIL + share * (1 - 2 * LOWER_TAIL));
  };
}
