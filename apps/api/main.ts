import { ConfigError, loadConfig } from '../../src/config.ts';
import { type Context, createContext } from '../../src/context.ts';
import { ANSWER_MS } from '../../src/jobs/ports.ts';
import { type Dispatcher, startDispatcher } from '../../src/jobs/webhook-dispatcher.ts';
import { buildApp } from './app.ts';

await start().catch(fail);

async function start(): Promise<void> {
  const config = loadConfig();
  const context = await createContext(config);
  const app = await buildApp(context);
  const dispatcher = deliverWebhooks(context);
  onStopRequest(async () => {
    await Promise.all([dispatcher.stop(), app.close()]);
    await context.close();
  });
  const url = await app.listen({ host: config.host, port: config.port });
  process.send?.({ type: 'ready', url });
}

/** Here rather than in a worker: one kind of process asks other hosts, and workers may be none for a while. */
function deliverWebhooks({ config, store, outbound, logger }: Context): Dispatcher {
  return startDispatcher({
    store,
    outbound,
    internalToken: config.internalToken!,
    leaseMs: ANSWER_MS + config.timings.leaseMs,
    onFault: (err) => logger.warn({ err }, 'Webhooks could not be told; it is tried again'),
  });
}

/** SIGTERM, SIGINT, and the end of the parent that forked this process. */
function onStopRequest(stop: () => Promise<void>): void {
  let stopping = false;
  const once = (): void => {
    if (stopping) return;
    stopping = true;
    stop().then(() => process.exit(0), fail);
  };
  for (const event of ['SIGTERM', 'SIGINT', 'disconnect'] as const) process.on(event, once);
}

function fail(error: unknown): never {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
