import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Imported into a process that is measured (`--import`): at SIGUSR2 it writes down how late its event loop was since
 * the last time, in milliseconds, and what its heap holds after a collection, in bytes.
 */
const delay = monitorEventLoopDelay({ resolution: 5 });
delay.enable();
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

process.on('SIGUSR2', () => {
  const loop = { p50: delay.percentile(50) / 1e6, p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 };
  collect();
  const { heapUsed, external } = process.memoryUsage();
  writeFileSync(
    join(tmpdir(), `trainyard-probe-${process.pid}.json`),
    JSON.stringify({ loop, heap: heapUsed + external }),
  );
  delay.reset();
});
