const BREATH_MS = 20;

/** Lets the event loop turn, so that a stop or another request is heard, but no more often than every 20 ms. */
export function createBreather(): () => Promise<void> {
  let breathedAt = performance.now();
  return async () => {
    if (performance.now() - breathedAt < BREATH_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    breathedAt = performance.now();
  };
}
