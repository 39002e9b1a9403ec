import { add, bytes, clear, copy } from './memory';

/**
 * The rows of a table [rows, width] with these ids [count], which are whole numbers as float32.
 * @returns the position of the first id that is outside of the table, where it stopped; else −1
 */
export function gatherRows(table: usize, rows: i32, ids: usize, out: usize, count: i32, width: i32): i32 {
  for (let i = 0; i < count; i++, out += bytes(width)) {
    const id = load<f32>(ids + bytes(i));
    // Said this way round, NaN is outside too.
    if (!(id >= 0 && id < <f32>rows)) return i;
    copy(out, table + bytes(<i32>id * width), width);
  }
  return -1;
}

/**
 * out [segments, width]: row s is the sum, in order, of those rows of x [count, width] whose id is s. Rows with an
 * id outside of the segments are left out.
 */
export function segmentSum(x: usize, ids: usize, out: usize, count: i32, width: i32, segments: i32): void {
  clear(out, segments * width);
  for (let i = 0; i < count; i++, x += bytes(width)) {
    const id = load<f32>(ids + bytes(i));
    if (id >= 0 && id < <f32>segments) add(out + bytes(<i32>id * width), x, width);
  }
}
