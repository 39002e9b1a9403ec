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

/*
 * `f32x4.max`, which knows NaN, is nine instructions of an x86. So the greatest of four channels is looked for
 * without regard to NaN, and what is NaN is gathered beside it: one instruction and two. One channel's `f32.max`
 * does it by itself.
 */

/** The greater. */
export function greater<T>(a: T, b: T): T {
  if (isVector<T>()) return f32x4.pmax(a, b);
  return max<f32>(a, b);
}

/** All bits set, which is NaN, where `greater` may lose that the value is NaN; else none. */
export function holesOf<T>(value: T): T {
  if (isVector<T>()) return f32x4.ne(value, value);
  return 0;
}

/** The bits of both. */
export function either<T>(a: T, b: T): T {
  if (isVector<T>()) return v128.or(a, b);
  return reinterpret<f32>(reinterpret<i32>(a) | reinterpret<i32>(b));
}
