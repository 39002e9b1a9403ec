/**
 * Everything random in Trainyard comes from here: a stateless hash of (key, index). There is no generator
 * to save or to advance, so a resumed run draws what an uninterrupted one would, bit for bit, and the same
 * element of the same mask can be computed by any executor in any order.
 *
 * The finalizer is Chris Wellons' lowbias32 (public domain, bias 0.17), applied twice with two key words.
 */

/** Two 32-bit words that name one random stream. */
export type Key = readonly [number, number];

function mix(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}

function hashText(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h | 0;
}

/** The key of the stream that these parts name, in order: `key(seed, 'dropout', step, layerName)`. */
export function key(...parts: readonly (number | string)[]): Key {
  let a = 0x243f6a88;
  let b = 0x13198a2e;
  for (const part of parts) {
    const [low, high] =
      typeof part === 'string'
        ? [hashText(part), part.length]
        : [part | 0, Math.floor(part / 4294967296) | 0];
    a = mix(a ^ low) + 0x9e3779b9;
    b = mix(b ^ mix(low + Math.imul(high, 0x85ebca6b)) ^ a) + 0x7f4a7c15;
  }
  return [a | 0, b | 0];
}

/** 32 random bits: the element `index` of the stream. */
export function bits(stream: Key, index: number): number {
  return mix(mix(Math.imul(index, 0x9e3779b1) ^ stream[0]) + stream[1]) >>> 0;
}

/** Uniform in [0, 1), 24 bits, so exact in float32. */
export function uniform(stream: Key, index: number): number {
  return (bits(stream, index) >>> 8) / 16777216;
}

/** A standard normal deviate: the inverse normal CDF of the stream's element. */
export function normal(stream: Key, index: number): number {
  return inverseNormalCdf((bits(stream, index) + 0.5) / 4294967296);
}

/**
 * Wichura's algorithm AS 241 (PPND16), Applied Statistics 37 (1988): the quantile function of N(0, 1),
 * relative error about 1e-16.
 * @param p in (0, 1)
 */
export function inverseNormalCdf(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial(CENTRE_NUMERATOR, r)) / polynomial(CENTRE_DENOMINATOR, r);
  }
  const tail = Math.sqrt(-Math.log(q < 0 ? p : 1 - p));
  const value =
    tail <= 5
      ? polynomial(MIDDLE_NUMERATOR, tail - 1.6) / polynomial(MIDDLE_DENOMINATOR, tail - 1.6)
      : polynomial(FAR_NUMERATOR, tail - 5) / polynomial(FAR_DENOMINATOR, tail - 5);
  return q < 0 ? -value : value;
}

function polynomial(coefficients: readonly number[], x: number): number {
  let sum = 0;
  for (let power = coefficients.length - 1; power >= 0; power--) sum = sum * x + coefficients[power]!;
  return sum;
}

// The coefficients of AS 241, lowest power first.
const CENTRE_NUMERATOR = [
  3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987,
  67265.7709270087, 33430.57558358813, 2509.0809287301227,
];
const CENTRE_DENOMINATOR = [
  1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
  28729.085735721943, 5226.495278852546,
];
const MIDDLE_NUMERATOR = [
  1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
  0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
];
const MIDDLE_DENOMINATOR = [
  1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
  0.0005475938084995345, 1.0507500716444169e-9,
];
const FAR_NUMERATOR = [
  6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
  0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
];
const FAR_DENOMINATOR = [
  1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133,
  1.8463183175100548e-5, 1.421511758316446e-7, 2.0442631033899397e-15,
];

/** The numbers 0 … count − 1 in a random order (Fisher and Yates), the same for the same key. */
export function permutation(stream: Key, count: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = Math.floor((bits(stream, i) / 4294967296) * (i + 1));
    const swapped = order[i]!;
    order[i] = order[j]!;
    order[j] = swapped;
  }
  return order;
}

/** Fills an array with the stream's uniforms in [0, 1). */
export function fillUniform(target: Float32Array, stream: Key): Float32Array {
  for (let i = 0; i < target.length; i++) target[i] = uniform(stream, i);
  return target;
}

/** Fills an array with the stream's standard normal deviates. */
export function fillNormal(target: Float32Array, stream: Key): Float32Array {
  for (let i = 0; i < target.length; i++) target[i] = normal(stream, i);
  return target;
}
