/*
 * A loop over channels is written once, for four channels (T is v128) and for one (T is f32): `isVector` is decided
 * when the function is compiled. Its body runs over blocks of four and then over each channel that is left.
 */

export function splat<T>(value: f32): T {
  if (isVector<T>()) return f32x4.splat(value);
  return value;
}

export function plus<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.add(a, b);
  return a + b;
}

export function times<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.mul(a, b);
  return a * b;
}

/** sum + a·b */
export function plusProduct<T>(sum: T, a: T, b: T): T {
  if (isVector<T>()) return f32x4.add(sum, f32x4.mul(a, b));
  return sum + a * b;
}

export function over<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.div(a, b);
  return a / b;
}

/** The greater; NaN where either is. */
export function greater<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.max(a, b);
  return max<f32>(a, b);
}
