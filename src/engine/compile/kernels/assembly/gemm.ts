import { turnSquare } from './arrangement';
import { bytes, clear } from './memory';

/*
 * The product of two matrices. C is computed in tiles of 4 × 8 (4 × 4 for the last few columns) that stay in
 * registers; the operands are first packed into the order in which the tiles read them, wherever they are read
 * often enough for that to pay. Whatever the path, an element of C is the sum, over blocks of DEPTH, of sums that
 * start at 0 and run in the order of k: so a row doesn't depend on how many rows there are, and rows can be
 * shared out between threads.
 */

/** How much of k is summed at once: a packed strip of B then takes 8 KiB of the first cache. */
const DEPTH: i32 = 256;
/** The rows of A that are packed at once: 128 KiB of the second cache. */
const ROWS: i32 = 128;
/** The columns of B that are packed at once: 512 KiB. */
const COLUMNS: i32 = 512;
/** Up to so many rows, or columns, read the other operand too seldom to pay for packing it. */
const FEW_ROWS: i32 = 8;
const FEW_COLUMNS: i32 = 8;
/** A transposed A has the rows of a tile side by side already. */
const FEW_COLUMNS_FOR_TRANSPOSED: i32 = 16;
/** A tile on its way to memory: the first bytes of the scratch. */
const TILE_BYTES: usize = 128;

/**
 * C = A·B, or C += A·B. Rows and columns of A, B and C lie apart by strides in elements; those of C by cRow and 1.
 * @param scratch as many bytes as `gemmScratchBytes(m, n, k)` says
 */
export function gemm(
  m: i32,
  n: i32,
  k: i32,
  a: usize,
  aRow: i32,
  aCol: i32,
  b: usize,
  bRow: i32,
  bCol: i32,
  c: usize,
  cRow: i32,
  accumulate: i32,
  scratch: usize,
): void {
  if (n === 1 && aCol === 1) {
    timesVector(m, k, a, aRow, b, bRow, c, cRow, accumulate, scratch);
    return;
  }
  // One column of a transposed A: by rows, it is one row of A.
  if (n === 1 && aRow === 1 && cRow === 1 && m !== 1) {
    gemm(1, m, k, b, bCol, bRow, a, aCol, aRow, c, m, accumulate, scratch);
    return;
  }
  if (k === 0 && !accumulate) clearRows(m, n, c, cRow);
  const packedB = scratch + TILE_BYTES;
  const packedA = packedB + ((<usize>min(n, COLUMNS) + 7) & ~7) * <usize>min(k, DEPTH) * 4;
  const packsB = bCol !== 1 || m > FEW_ROWS;
  const packsA = m > FEW_ROWS && n > (aRow === 1 ? FEW_COLUMNS_FOR_TRANSPOSED : FEW_COLUMNS);
  for (let k0 = 0; k0 < k; k0 += DEPTH) {
    const depth = min(k - k0, DEPTH);
    const adds = accumulate | i32(k0 > 0);
    for (let n0 = 0; n0 < n; n0 += COLUMNS) {
      const columns = min(n - n0, COLUMNS);
      const bBlock = b + bytes(k0 * bRow + n0 * bCol);
      packStrips(packedB, bBlock, bRow, bCol, depth, columns, packsB);
      for (let m0 = 0; m0 < m; m0 += ROWS) {
        const rows = min(m - m0, ROWS);
        const aBlock = a + bytes(m0 * aRow + k0 * aCol);
        if (packsA) packBands(packedA, aBlock, aRow, aCol, depth, rows);
        for (let j = 0; j < columns; j += 8) {
          const width = min(columns - j, 8);
          const isPacked = packsB || width < 8;
          const strip = isPacked ? packedB + bytes(j * depth) : bBlock + bytes(j);
          const bStep: usize = isPacked ? 32 : bytes(bRow);
          let cTile = c + bytes(m0 * cRow + n0 + j);
          for (let i = 0; i < rows; i += 4) {
            const height = min(rows - i, 4);
            if (packsA && isPacked) {
              const band = packedA + bytes(i * depth);
              bandTimesStrip(depth, band, strip, cTile, cRow, height, width, adds, scratch);
            } else {
              const aTile = aBlock + bytes(i * aRow);
              rowsTimesStrip(
                depth,
                aTile,
                aRow,
                aCol,
                strip,
                bStep,
                cTile,
                cRow,
                height,
                width,
                adds,
                scratch,
              );
            }
            cTile += bytes(cRow * 4);
          }
        }
      }
    }
  }
}

function clearRows(m: i32, n: i32, c: usize, cRow: i32): void {
  for (let i = 0; i < m; i++) clear(c + bytes(i * cRow), n);
}

/** Strips of 8 columns, each [depth, 8], the last filled up with zeros; all of them, or only a narrow last one. */
function packStrips(to: usize, b: usize, bRow: i32, bCol: i32, depth: i32, columns: i32, all: bool): void {
  const whole = columns & ~7;
  if (all) {
    for (let j = 0; j < whole; j += 8) {
      const from = b + bytes(j * bCol);
      if (bCol === 1) packRows(to + bytes(j * depth), from, bRow, depth);
      else packTransposed(to + bytes(j * depth), from, bRow, bCol, depth);
    }
  }
  if (whole < columns) {
    packPart(to + bytes(whole * depth), b + bytes(whole * bCol), bRow, bCol, depth, columns - whole);
  }
}

function packRows(to: usize, b: usize, bRow: i32, depth: i32): void {
  for (let k = 0; k < depth; k++, to += 32, b += bytes(bRow)) {
    v128.store(to, v128.load(b));
    v128.store(to, v128.load(b, 16), 16);
  }
}

function packTransposed(to: usize, b: usize, bRow: i32, bCol: i32, depth: i32): void {
  let k = 0;
  if (bRow === 1) {
    for (; k + 4 <= depth; k += 4, to += 128, b += 16) {
      turnSquare(to, 32, b, bytes(bCol));
      turnSquare(to + 16, 32, b + bytes(bCol * 4), bytes(bCol));
    }
  }
  for (; k < depth; k++, to += 32, b += bytes(bRow)) {
    for (let j = 0; j < 8; j++) store<f32>(to + bytes(j), load<f32>(b + bytes(j * bCol)));
  }
}

function packPart(to: usize, b: usize, bRow: i32, bCol: i32, depth: i32, columns: i32): void {
  for (let k = 0; k < depth; k++, to += 32, b += bytes(bRow)) {
    for (let j = 0; j < 8; j++) store<f32>(to + bytes(j), j < columns ? load<f32>(b + bytes(j * bCol)) : 0);
  }
}

/** Bands of 4 rows, each [depth, 4], the last filled up with zeros. */
function packBands(to: usize, a: usize, aRow: i32, aCol: i32, depth: i32, rows: i32): void {
  for (let i = 0; i < rows; i += 4, a += bytes(aRow * 4)) {
    if (rows - i >= 4) packBand(to, a, aRow, aCol, depth);
    else packBandPart(to, a, aRow, aCol, depth, rows - i);
    to += bytes(depth * 4);
  }
}

function packBand(to: usize, a: usize, aRow: i32, aCol: i32, depth: i32): void {
  let k = 0;
  if (aRow === 1) {
    for (; k < depth; k++, to += 16, a += bytes(aCol)) v128.store(to, v128.load(a));
    return;
  }
  if (aCol === 1) {
    for (; k + 4 <= depth; k += 4, to += 64, a += 16) turnSquare(to, 16, a, bytes(aRow));
  }
  for (; k < depth; k++, to += 16, a += bytes(aCol)) {
    for (let i = 0; i < 4; i++) store<f32>(to + bytes(i), load<f32>(a + bytes(i * aRow)));
  }
}

function packBandPart(to: usize, a: usize, aRow: i32, aCol: i32, depth: i32, rows: i32): void {
  for (let k = 0; k < depth; k++, to += 16, a += bytes(aCol)) {
    for (let i = 0; i < 4; i++) store<f32>(to + bytes(i), i < rows ? load<f32>(a + bytes(i * aRow)) : 0);
  }
}

/** A tile of C from a packed band and a packed strip. The steps are constants so that no register holds them. */
function bandTimesStrip(
  depth: i32,
  a: usize,
  b: usize,
  c: usize,
  cRow: i32,
  height: i32,
  width: i32,
  adds: i32,
  spare: usize,
): void {
  const end = b + bytes(depth) * 8;
  let c00 = f32x4.splat(0);
  let c10 = c00;
  let c20 = c00;
  let c30 = c00;
  if (width <= 4) {
    for (; b < end; a += 16, b += 32) {
      const row = v128.load(b);
      c00 = f32x4.add(c00, f32x4.mul(v128.load32_splat(a), row));
      c10 = f32x4.add(c10, f32x4.mul(v128.load32_splat(a, 4), row));
      c20 = f32x4.add(c20, f32x4.mul(v128.load32_splat(a, 8), row));
      c30 = f32x4.add(c30, f32x4.mul(v128.load32_splat(a, 12), row));
    }
    keepTile(c, cRow, height, width, adds, spare, c00, c00, c10, c10, c20, c20, c30, c30);
    return;
  }
  let c01 = c00;
  let c11 = c00;
  let c21 = c00;
  let c31 = c00;
  for (; b < end; a += 16, b += 32) {
    const left = v128.load(b);
    const right = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = f32x4.add(c00, f32x4.mul(x, left));
    c01 = f32x4.add(c01, f32x4.mul(x, right));
    x = v128.load32_splat(a, 4);
    c10 = f32x4.add(c10, f32x4.mul(x, left));
    c11 = f32x4.add(c11, f32x4.mul(x, right));
    x = v128.load32_splat(a, 8);
    c20 = f32x4.add(c20, f32x4.mul(x, left));
    c21 = f32x4.add(c21, f32x4.mul(x, right));
    x = v128.load32_splat(a, 12);
    c30 = f32x4.add(c30, f32x4.mul(x, left));
    c31 = f32x4.add(c31, f32x4.mul(x, right));
  }
  keepTile(c, cRow, height, width, adds, spare, c00, c01, c10, c11, c20, c21, c30, c31);
}

/** A tile of C from up to 4 rows of A wherever they lie; where there are fewer, the last is read again. */
function rowsTimesStrip(
  depth: i32,
  a: usize,
  aRow: i32,
  aCol: i32,
  b: usize,
  bStep: usize,
  c: usize,
  cRow: i32,
  height: i32,
  width: i32,
  adds: i32,
  spare: usize,
): void {
  const aStep = bytes(aCol);
  let a1 = a + bytes(min(1, height - 1) * aRow);
  let a2 = a + bytes(min(2, height - 1) * aRow);
  let a3 = a + bytes(min(3, height - 1) * aRow);
  let c00 = f32x4.splat(0);
  let c01 = c00;
  if (height === 1) {
    for (let k = 0; k < depth; k++, a += aStep, b += bStep) {
      const x = v128.load32_splat(a);
      c00 = f32x4.add(c00, f32x4.mul(x, v128.load(b)));
      c01 = f32x4.add(c01, f32x4.mul(x, v128.load(b, 16)));
    }
    keepTile(c, cRow, 1, width, adds, spare, c00, c01, c00, c01, c00, c01, c00, c01);
    return;
  }
  let c10 = c00;
  let c20 = c00;
  let c30 = c00;
  if (width <= 4) {
    for (let k = 0; k < depth; k++, a += aStep, a1 += aStep, a2 += aStep, a3 += aStep, b += bStep) {
      const row = v128.load(b);
      c00 = f32x4.add(c00, f32x4.mul(v128.load32_splat(a), row));
      c10 = f32x4.add(c10, f32x4.mul(v128.load32_splat(a1), row));
      c20 = f32x4.add(c20, f32x4.mul(v128.load32_splat(a2), row));
      c30 = f32x4.add(c30, f32x4.mul(v128.load32_splat(a3), row));
    }
    keepTile(c, cRow, height, width, adds, spare, c00, c00, c10, c10, c20, c20, c30, c30);
    return;
  }
  let c11 = c00;
  let c21 = c00;
  let c31 = c00;
  for (let k = 0; k < depth; k++, a += aStep, a1 += aStep, a2 += aStep, a3 += aStep, b += bStep) {
    const left = v128.load(b);
    const right = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = f32x4.add(c00, f32x4.mul(x, left));
    c01 = f32x4.add(c01, f32x4.mul(x, right));
    x = v128.load32_splat(a1);
    c10 = f32x4.add(c10, f32x4.mul(x, left));
    c11 = f32x4.add(c11, f32x4.mul(x, right));
    x = v128.load32_splat(a2);
    c20 = f32x4.add(c20, f32x4.mul(x, left));
    c21 = f32x4.add(c21, f32x4.mul(x, right));
    x = v128.load32_splat(a3);
    c30 = f32x4.add(c30, f32x4.mul(x, left));
    c31 = f32x4.add(c31, f32x4.mul(x, right));
  }
  keepTile(c, cRow, height, width, adds, spare, c00, c01, c10, c11, c20, c21, c30, c31);
}

function keepTile(
  c: usize,
  cRow: i32,
  height: i32,
  width: i32,
  adds: i32,
  spare: usize,
  c00: v128,
  c01: v128,
  c10: v128,
  c11: v128,
  c20: v128,
  c21: v128,
  c30: v128,
  c31: v128,
): void {
  keepRow(c, width, adds, spare, c00, c01);
  if (height > 1) keepRow(c + bytes(cRow), width, adds, spare, c10, c11);
  if (height > 2) keepRow(c + bytes(cRow * 2), width, adds, spare, c20, c21);
  if (height > 3) keepRow(c + bytes(cRow * 3), width, adds, spare, c30, c31);
}

function keepRow(c: usize, width: i32, adds: i32, spare: usize, left: v128, right: v128): void {
  if (width === 8) {
    v128.store(c, adds ? f32x4.add(v128.load(c), left) : left);
    v128.store(c, adds ? f32x4.add(v128.load(c, 16), right) : right, 16);
    return;
  }
  v128.store(spare, left);
  v128.store(spare, right, 16);
  for (let j = 0; j < width; j++) {
    const sum = load<f32>(spare + bytes(j));
    store<f32>(c + bytes(j), adds ? load<f32>(c + bytes(j)) + sum : sum);
  }
}

/** A·b for a vector b: a dot product a row, eight lanes of k at a time. */
function timesVector(
  m: i32,
  k: i32,
  a: usize,
  aRow: i32,
  b: usize,
  bRow: i32,
  c: usize,
  cRow: i32,
  accumulate: i32,
  scratch: usize,
): void {
  if (k === 0 && !accumulate) clearRows(m, 1, c, cRow);
  for (let k0 = 0; k0 < k; k0 += DEPTH) {
    const depth = min(k - k0, DEPTH);
    const adds = accumulate | i32(k0 > 0);
    let vector = b + bytes(k0 * bRow);
    if (bRow !== 1) {
      for (let i = 0; i < depth; i++) store<f32>(scratch + bytes(i), load<f32>(vector + bytes(i * bRow)));
      vector = scratch;
    }
    for (let i = 0; i < m; i++) {
      const sum = dot(a + bytes(i * aRow + k0), vector, depth);
      const to = c + bytes(i * cRow);
      store<f32>(to, adds ? load<f32>(to) + sum : sum);
    }
  }
}

function dot(a: usize, b: usize, depth: i32): f32 {
  let even = f32x4.splat(0);
  let odd = even;
  let k = 0;
  for (; k + 8 <= depth; k += 8, a += 32, b += 32) {
    even = f32x4.add(even, f32x4.mul(v128.load(a), v128.load(b)));
    odd = f32x4.add(odd, f32x4.mul(v128.load(a, 16), v128.load(b, 16)));
  }
  const both = f32x4.add(even, odd);
  let sum =
    f32x4.extract_lane(both, 0) +
    f32x4.extract_lane(both, 1) +
    (f32x4.extract_lane(both, 2) + f32x4.extract_lane(both, 3));
  for (; k < depth; k++, a += 4, b += 4) sum += load<f32>(a) * load<f32>(b);
  return sum;
}
