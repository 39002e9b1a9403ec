/** Does something again and again, `ms` after it was done the last time, until stopped. */
export function every(
  ms: number,
  work: () => Promise<unknown>,
  onFault: (error: unknown) => void,
): { stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;
  const wait = () => {
    if (!stopped) timer = setTimeout(() => void work().catch(onFault).finally(wait), ms);
  };
  wait();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
  };
}
