/** Resolves at the first signal to stop, or when the parent that forked this process is gone. */
export function stopRequest(): Promise<void> {
  return new Promise((resolve) => {
    // Listening for good: npm passes on a Ctrl-C that the terminal has sent here already.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
    process.once('disconnect', resolve);
  });
}
