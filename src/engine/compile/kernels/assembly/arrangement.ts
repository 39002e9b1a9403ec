import { bytes } from './memory';

/** How many columns are turned at once: the rows of y that are written then stay in the first cache. */
const COLUMNS: i32 = 16;

/** x [batch, rows, columns] → y [batch, columns, rows] */
export function transpose(x: usize, y: usize, batch: i32, rows: i32, columns: i32): void {
  const matrix = bytes(rows * columns);
  for (let i = 0; i < batch; i++, x += matrix, y += matrix) transposeOne(x, y, rows, columns);
}

function transposeOne(x: usize, y: usize, rows: i32, columns: i32): void {
  const wholeRows = rows & ~3;
  const wholeColumns = columns & ~3;
  for (let c0 = 0; c0 < wholeColumns; c0 += COLUMNS) {
    const c1 = min(c0 + COLUMNS, wholeColumns);
    for (let r = 0; r < wholeRows; r += 4) {
      for (let c = c0; c < c1; c += 4) {
        turnSquare(y + bytes(c * rows + r), bytes(rows), x + bytes(r * columns + c), bytes(columns));
      }
    }
  }
  for (let r = 0; r < rows; r++) {
    for (let c = r < wholeRows ? wholeColumns : 0; c < columns; c++) {
      store<f32>(y + bytes(c * rows + r), load<f32>(x + bytes(r * columns + c)));
    }
  }
}

/** A square of 4 × 4, transposed. */
export function turnSquare(to: usize, toStep: usize, from: usize, fromStep: usize): void {
  const row0 = v128.load(from);
  const row1 = v128.load(from + fromStep);
  const row2 = v128.load(from + fromStep * 2);
  const row3 = v128.load(from + fromStep * 3);
  const low01 = v128.shuffle<i32>(row0, row1, 0, 4, 1, 5);
  const high01 = v128.shuffle<i32>(row0, row1, 2, 6, 3, 7);
  const low23 = v128.shuffle<i32>(row2, row3, 0, 4, 1, 5);
  const high23 = v128.shuffle<i32>(row2, row3, 2, 6, 3, 7);
  v128.store(to, v128.shuffle<i64>(low01, low23, 0, 2));
  v128.store(to + toStep, v128.shuffle<i64>(low01, low23, 1, 3));
  v128.store(to + toStep * 2, v128.shuffle<i64>(high01, high23, 0, 2));
  v128.store(to + toStep * 3, v128.shuffle<i64>(high01, high23, 1, 3));
}
