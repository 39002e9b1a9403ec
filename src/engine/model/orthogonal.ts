import { type Key, normal } from '../../random.ts';
import { size } from '../../spec/shapes.ts';

/**
 * A random orthogonal matrix, uniform over all of them: the Q of a Gaussian matrix's QR decomposition with R's
 * diagonal made positive. The kernel is seen as [all axes but the last, the last]; the shorter side's vectors
 * are orthonormal. Saxe, McClelland and Ganguli, arXiv:1312.6120.
 */
export function orthogonal(shape: readonly number[], stream: Key): Float32Array {
  const columns = shape.at(-1)!;
  const rows = size(shape) / columns;
  const [long, short] = [Math.max(rows, columns), Math.min(rows, columns)];
  const basis = orthonormalize(gaussianVectors(long, short, stream));
  return Float32Array.from({ length: rows * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    return rows >= columns ? basis[column]![row]! : basis[row]![column]!;
  });
}

function gaussianVectors(length: number, count: number, stream: Key): Float64Array[] {
  return Array.from({ length: count }, (_, v) =>
    Float64Array.from({ length }, (_, i) => normal(stream, v * length + i)),
  );
}

/** Q of the QR decomposition by Householder reflections; the vectors are the matrix's columns. */
function orthonormalize(vectors: readonly Float64Array[]): Float64Array[] {
  const signs: number[] = [];
  const mirrors: Float64Array[] = [];
  for (const [k, vector] of vectors.entries()) {
    for (const [j, mirror] of mirrors.entries()) reflect(vector, mirror, j);
    const mirror = mirrorOf(vector, k);
    signs.push(vector[k]! < 0 ? 1 : -1);
    mirrors.push(mirror);
  }
  return vectors.map((vector, k) => {
    const column = new Float64Array(vector.length);
    column[k] = signs[k]!;
    for (let j = mirrors.length - 1; j >= 0; j--) reflect(column, mirrors[j]!, j);
    return column;
  });
}

/**
 * The unit normal of the mirror that takes `vector` to −sign(vector[k]) · norm on axis k, from k on; away from
 * the vector itself, so that nothing cancels.
 */
function mirrorOf(vector: Float64Array, k: number): Float64Array {
  const mirror = vector.slice();
  mirror.fill(0, 0, k);
  mirror[k]! += (mirror[k]! < 0 ? -1 : 1) * Math.sqrt(dot(mirror, mirror, k));
  const norm = Math.sqrt(dot(mirror, mirror, k));
  return mirror.map((value) => value / norm);
}

function reflect(vector: Float64Array, mirror: Float64Array, from: number): void {
  const twice = 2 * dot(vector, mirror, from);
  for (let i = from; i < vector.length; i++) vector[i]! -= twice * mirror[i]!;
}

function dot(a: Float64Array, b: Float64Array, from: number): number {
  let sum = 0;
  for (let i = from; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
