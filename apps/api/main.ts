import { ConfigError, loadConfig } from '../../src/config.ts';
import { createContext } from '../../src/context.ts';
import { buildApp } from './app.ts';

await start().catch(fail);

async function start(): Promise<void> {
  const config = loadConfig();
  const context = await createContext(config);
  const app = await buildApp(context);
  onStopRequest(async () => {
    await app.close();
    await context.close();
  });
  const url = await app.listen({ host: config.host, port: config.port });
  process.send?.({ type: 'ready', url });
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
