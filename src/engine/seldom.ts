/** Calls through no more often than every so many milliseconds: the other times nothing is done. */
export function seldom<Args extends unknown[]>(
  milliseconds: number,
  call: (...args: Args) => Promise<void>,
): (...args: Args) => Promise<void> {
  let calledAt = Number.NEGATIVE_INFINITY;
  return async (...args) => {
    if (performance.now() - calledAt < milliseconds) return;
    calledAt = performance.now();
    await call(...args);
  };
}
