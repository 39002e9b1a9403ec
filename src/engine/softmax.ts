/** log Σ exp of one row in float64, shifted by the greatest logit so that nothing overflows. */
export function logSumExp(logits: Float32Array): number {
  const greatest = logits[argMax(logits)]!;
  let total = 0;
  for (let i = 0; i < logits.length; i++) total += Math.exp(logits[i]! - greatest);
  return greatest + Math.log(total);
}

/** log softmax of one row in float64, shifted by the greatest logit so that nothing overflows. */
export function logSoftmax(logits: Float32Array): Float64Array {
  const { greatest, exponentials, total } = shifted(logits);
  const log = Math.log(total);
  for (let i = 0; i < logits.length; i++) exponentials[i] = logits[i]! - greatest - log;
  return exponentials;
}

/** Softmax of one row in float64. */
export function softmax(logits: Float32Array): Float64Array {
  const { exponentials, total } = shifted(logits);
  for (let i = 0; i < logits.length; i++) exponentials[i]! /= total;
  return exponentials;
}

// Loops, since a prediction with uncertainty has some ten thousand rows of samples.
function shifted(logits: Float32Array): { greatest: number; exponentials: Float64Array; total: number } {
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < logits.length; i++) greatest = Math.max(greatest, logits[i]!);
  const exponentials = new Float64Array(logits.length);
  let total = 0;
  for (let i = 0; i < logits.length; i++) {
    exponentials[i] = Math.exp(logits[i]! - greatest);
    total += exponentials[i]!;
  }
  return { greatest, exponentials, total };
}

/** The index of the greatest value, the first of equals. */
export function argMax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
