/** Told of an error, and of how many more there were since the last report. */
export type OnError = (error: Error, suppressed: number) => void;

/**
 * Passes on the first error at once and then at most one an interval, with a count: a queue whose server
 * is away or full emits thousands of errors a second.
 */
export function rateLimited(onError: OnError, intervalMs = 10_000): (error: unknown) => void {
  let latest: Error | undefined;
  let suppressed = 0;
  let timer: NodeJS.Timeout | undefined;

  const wait = () => {
    timer = setTimeout(() => {
      timer = undefined;
      if (latest === undefined) return;
      onError(latest, suppressed - 1);
      latest = undefined;
      suppressed = 0;
      wait();
    }, intervalMs).unref();
  };

  return (thrown) => {
    const error = thrown instanceof Error ? thrown : new Error(String(thrown));
    if (timer === undefined) {
      onError(error, 0);
      wait();
    } else {
      latest = error;
      suppressed += 1;
    }
  };
}
