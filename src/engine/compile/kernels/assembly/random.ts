import { logarithm } from './logarithm';
import { bytes } from './memory';

/*
 * What src/random.ts draws, bit for bit: a stateless hash of a key of two words and an index. See there for where
 * the hash and the quantile function come from.
 */

function mix(word: u32): u32 {
  let h = (word ^ (word >> 16)) * 0x7feb352d;
  h = (h ^ (h >> 15)) * 0x846ca68b;
  return h ^ (h >> 16);
}

function bits(key0: u32, key1: u32, index: u32): u32 {
  return mix(mix((index * 0x9e3779b1) ^ key0) + key1);
}

/** The stream's standard normal deviates with the indices from `start` to before `end`, to `out` and on. */
export function fillNormal(out: usize, start: i32, end: i32, key0: i32, key1: i32): void {
  for (let i = start; i < end; i++) {
    const p = (<f64>bits(key0, key1, i) + 0.5) / 4294967296.0;
    store<f32>(out + bytes(i - start), <f32>inverseNormalCdf(p));
  }
}

/** Wichura's AS 241 (PPND16), each polynomial from its highest power as in src/random.ts. */
function inverseNormalCdf(p: f64): f64 {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * centreNumerator(r)) / centreDenominator(r);
  }
  const tail = Math.sqrt(-logarithm(q < 0 ? p : 1.0 - p));
  const value =
    tail <= 5.0
      ? middleNumerator(tail - 1.6) / middleDenominator(tail - 1.6)
      : farNumerator(tail - 5.0) / farDenominator(tail - 5.0);
  return q < 0 ? -value : value;
}

function centreNumerator(x: f64): f64 {
  let sum: f64 = 2509.0809287301227;
  sum = sum * x + 33430.57558358813;
  sum = sum * x + 67265.7709270087;
  sum = sum * x + 45921.95393154987;
  sum = sum * x + 13731.69376550946;
  sum = sum * x + 1971.5909503065513;
  sum = sum * x + 133.14166789178438;
  return sum * x + 3.3871328727963665;
}

function centreDenominator(x: f64): f64 {
  let sum: f64 = 5226.495278852546;
  sum = sum * x + 28729.085735721943;
  sum = sum * x + 39307.89580009271;
  sum = sum * x + 21213.794301586597;
  sum = sum * x + 5394.196021424751;
  sum = sum * x + 687.1870074920579;
  sum = sum * x + 42.31333070160091;
  return sum * x + 1.0;
}

function middleNumerator(x: f64): f64 {
  let sum: f64 = 0.0007745450142783414;
  sum = sum * x + 0.022723844989269184;
  sum = sum * x + 0.2417807251774506;
  sum = sum * x + 1.2704582524523684;
  sum = sum * x + 3.6478483247632045;
  sum = sum * x + 5.769497221460691;
  sum = sum * x + 4.630337846156546;
  return sum * x + 1.4234371107496835;
}

function middleDenominator(x: f64): f64 {
  let sum: f64 = 1.0507500716444169e-9;
  sum = sum * x + 0.0005475938084995345;
  sum = sum * x + 0.015198666563616457;
  sum = sum * x + 0.14810397642748008;
  sum = sum * x + 0.6897673349851;
  sum = sum * x + 1.6763848301838038;
  sum = sum * x + 2.053191626637759;
  return sum * x + 1.0;
}

function farNumerator(x: f64): f64 {
  let sum: f64 = 2.0103343992922881e-7;
  sum = sum * x + 2.7115555687434876e-5;
  sum = sum * x + 0.0012426609473880784;
  sum = sum * x + 0.026532189526576124;
  sum = sum * x + 0.29656057182850487;
  sum = sum * x + 1.7848265399172913;
  sum = sum * x + 5.463784911164114;
  return sum * x + 6.657904643501103;
}

function farDenominator(x: f64): f64 {
  let sum: f64 = 2.0442631033899397e-15;
  sum = sum * x + 1.421511758316446e-7;
  sum = sum * x + 1.8463183175100548e-5;
  sum = sum * x + 0.0007868691311456133;
  sum = sum * x + 0.014875361290850615;
  sum = sum * x + 0.1369298809227358;
  sum = sum * x + 0.599832206555888;
  return sum * x + 1.0;
}
