/**
 * The natural logarithm as fdlibm computes it (e_log.c, © 1993 Sun Microsystems, freely granted), and as V8's
 * Math.log does: so that what is drawn here is, bit for bit, what JavaScript draws. AssemblyScript's own has tables.
 */
export function logarithm(value: f64): f64 {
  if (value < 0) return NaN;
  if (value === 0) return -Infinity;
  if (!(value < Infinity)) return value;
  let exponent = 0;
  if (value < 2.2250738585072014e-308) {
    value *= 18014398509481984;
    exponent = -54;
  }
  const word = reinterpret<u64>(value);
  let high = <i32>(word >> 32);
  exponent += (high >> 20) - 1023;
  high &= 0x000fffff;
  const carry = (high + 0x95f64) & 0x100000;
  const mantissa = ((<u64>(high | (carry ^ 0x3ff00000))) << 32) | (word & 0xffffffff);
  exponent += carry >> 20;
  const f = reinterpret<f64>(mantissa) - 1.0;
  const k = <f64>exponent;
  if ((0x000fffff & (2 + high)) < 3) return nearOne(f, k);
  const s = f / (2.0 + f);
  const z = s * s;
  const w = z * z;
  const even = w * (L2 + w * (L4 + w * L6));
  const odd = z * (L1 + w * (L3 + w * (L5 + w * L7)));
  const r = odd + even;
  if (((high - 0x6147a) | (0x6b851 - high)) > 0) {
    const half = 0.5 * f * f;
    if (exponent === 0) return f - (half - s * (half + r));
    return k * LN2_HIGH - (half - (s * (half + r) + k * LN2_LOW) - f);
  }
  if (exponent === 0) return f - s * (f - r);
  return k * LN2_HIGH - (s * (f - r) - k * LN2_LOW - f);
}

/** |f| < 2⁻²⁰ */
function nearOne(f: f64, k: f64): f64 {
  if (f === 0) return k === 0 ? 0 : k * LN2_HIGH + k * LN2_LOW;
  const r = f * f * (0.5 - 0.3333333333333333 * f);
  return k === 0 ? f - r : k * LN2_HIGH - (r - k * LN2_LOW - f);
}

const LN2_HIGH: f64 = 0.6931471803691238;
const LN2_LOW: f64 = 1.9082149292705877e-10;
const L1: f64 = 0.6666666666666735;
const L2: f64 = 0.3999999999940942;
const L3: f64 = 0.2857142874366239;
const L4: f64 = 0.22222198432149784;
const L5: f64 = 0.1818357216161805;
const L6: f64 = 0.15313837699209373;
const L7: f64 = 0.14798198605116586;
