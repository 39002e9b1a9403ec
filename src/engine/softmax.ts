/** log softmax of one row in float64, shifted by the greatest logit so that nothing overflows. */
export function logSoftmax(logits: Float32Array): Float64Array {
  const greatest = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - greatest), 0);
  return Float64Array.from(logits, (logit) => logit - greatest - Math.log(total));
}

/** The index of the greatest value, the first of equals. */
export function argMax(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}
