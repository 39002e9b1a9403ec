import { exponential } from './exponential';
import { logarithm } from './logarithm';
import { bytes } from './memory';

/** y = e^x, element by element. */
export function exponentials(x: usize, y: usize, count: i32): void {
  let i = 0;
  for (; i + 4 <= count; i += 4) v128.store(y + bytes(i), exponential(v128.load(x + bytes(i))));
  if (i < count) storePart(y + bytes(i), exponential(loadPart(x + bytes(i), count - i)), count - i);
}

/** Each row of x [rows, columns] to e^x over their sum. */
export function softmax(x: usize, y: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++, x += bytes(columns), y += bytes(columns)) {
    const greatest = greatestOf(x, columns);
    const sum = f32x4.splat(exponentialsOver(x, y, columns, greatest));
    let i = 0;
    for (; i + 4 <= columns; i += 4) v128.store(y + bytes(i), f32x4.div(v128.load(y + bytes(i)), sum));
    for (; i < columns; i++) store<f32>(y + bytes(i), load<f32>(y + bytes(i)) / f32x4.extract_lane(sum, 0));
  }
}

/** Each row of x [rows, columns] to the logarithms of its softmax. */
export function logSoftmax(x: usize, y: usize, rows: i32, columns: i32): void {
  for (let row = 0; row < rows; row++, x += bytes(columns), y += bytes(columns)) {
    const greatest = greatestOf(x, columns);
    const log = <f32>logarithm(exponentialsOver(x, 0, columns, greatest));
    let i = 0;
    for (; i + 4 <= columns; i += 4) {
      const shifted = f32x4.sub(v128.load(x + bytes(i)), f32x4.splat(greatest));
      v128.store(y + bytes(i), f32x4.sub(shifted, f32x4.splat(log)));
    }
    for (; i < columns; i++) store<f32>(y + bytes(i), load<f32>(x + bytes(i)) - greatest - log);
  }
}

function greatestOf(x: usize, columns: i32): f32 {
  let greatest = f32x4.splat(-Infinity);
  let i = 0;
  for (; i + 4 <= columns; i += 4) greatest = f32x4.max(greatest, v128.load(x + bytes(i)));
  if (i < columns) greatest = f32x4.max(greatest, loadPart(x + bytes(i), columns - i));
  return max<f32>(
    max<f32>(f32x4.extract_lane(greatest, 0), f32x4.extract_lane(greatest, 1)),
    max<f32>(f32x4.extract_lane(greatest, 2), f32x4.extract_lane(greatest, 3)),
  );
}

/** e^(x − greatest), kept at y unless it is 0. @returns their sum */
function exponentialsOver(x: usize, y: usize, columns: i32, greatest: f32): f32 {
  const shift = f32x4.splat(greatest);
  let sum = f32x4.splat(0);
  let i = 0;
  for (; i + 4 <= columns; i += 4) {
    const value = exponential(f32x4.sub(v128.load(x + bytes(i)), shift));
    if (y) v128.store(y + bytes(i), value);
    sum = f32x4.add(sum, value);
  }
  if (i < columns) {
    const value = exponential(f32x4.sub(loadPart(x + bytes(i), columns - i), shift));
    if (y) storePart(y + bytes(i), value, columns - i);
    sum = f32x4.add(sum, value);
  }
  return (
    f32x4.extract_lane(sum, 0) +
    f32x4.extract_lane(sum, 1) +
    (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3))
  );
}

/** Up to three floats, and −∞ for the others: they are never the greatest, and their e^x is 0. */
function loadPart(from: usize, count: i32): v128 {
  let part = f32x4.replace_lane(f32x4.splat(-Infinity), 0, load<f32>(from));
  if (count > 1) part = f32x4.replace_lane(part, 1, load<f32>(from, 4));
  if (count > 2) part = f32x4.replace_lane(part, 2, load<f32>(from, 8));
  return part;
}

function storePart(to: usize, part: v128, count: i32): void {
  store<f32>(to, f32x4.extract_lane(part, 0));
  if (count > 1) store<f32>(to, f32x4.extract_lane(part, 1), 4);
  if (count > 2) store<f32>(to, f32x4.extract_lane(part, 2), 8);
}
