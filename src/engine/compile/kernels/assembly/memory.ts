/** Elements are 4 bytes wide. */
export function bytes(elements: i32): usize {
  return (<usize>elements) << 2;
}

/** Below so many floats, `memory.fill`, a call into the host, costs more than a loop. */
const FEW: i32 = 64;

export function clear(to: usize, count: i32): void {
  if (count > FEW) {
    memory.fill(to, 0, bytes(count));
    return;
  }
  let i = 0;
  for (; i + 4 <= count; i += 4, to += 16) v128.store(to, i32x4.splat(0));
  for (; i < count; i++, to += 4) store<f32>(to, 0);
}

/** Copies floats that don't overlap; `memory.copy` would cost more on the few floats of a pixel. */
export function copy(to: usize, from: usize, count: i32): void {
  if (count < 4) {
    for (let i = 0; i < count; i++) store<f32>(to + bytes(i), load<f32>(from + bytes(i)));
    return;
  }
  // The last four may lie over some that are copied already: the same values again.
  const last = bytes(count - 4);
  for (let at: usize = 0; at < last; at += 16) v128.store(to + at, v128.load(from + at));
  v128.store(to + last, v128.load(from + last));
}

/** to += from */
export function add(to: usize, from: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4, to += 16, from += 16) {
    v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
  }
  for (; i < count; i++, to += 4, from += 4) store<f32>(to, load<f32>(to) + load<f32>(from));
}
