import { mkdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { startEmbeddedPostgres } from '../../src/adapters/embedded/postgres.ts';
import { type Config, loadConfig, serviceEnvironment } from '../../src/config.ts';
import { claimPort } from './claim-port.ts';
import { lockHome } from './home-lock.ts';
import { internalToken } from './internal-token.ts';
import { Service } from './service.ts';
import { stopRequest } from './stop-request.ts';

/**
 * `trainyard up`: runs the whole service in the foreground, an API and a worker over the embedded Postgres (or
 * the one that DATABASE_URL names), until it is told to stop. A parent that forked it is told the address by
 * `{ type: 'ready', url }`, and its end stops the service too.
 * @throws CommandError, ConfigError; whatever had started is stopped again
 */
export async function up(): Promise<void> {
  const config = loadConfig();
  const stopped = stopRequest();
  const closers: (() => Promise<unknown>)[] = [];
  try {
    await mkdir(join(config.home, 'logs'), { recursive: true });
    closers.push(await lockHome(config.home));
    const port = await claimPort(config.host, config.port);
    const databaseUrl = config.databaseUrl ?? (await startDatabase(config.home, closers));
    const environment = serviceEnvironment({
      DATABASE_URL: databaseUrl,
      TRAINYARD_HOME: config.home,
      TRAINYARD_INTERNAL_TOKEN: config.internalToken ?? (await internalToken(config.home)),
      PORT: String(port),
    });
    const services = ['api', 'worker'].map((name) => startService(name, config.home, environment));
    closers.push(() => Promise.all(services.map((service) => service.stop())));
    const ready = Promise.all(services.map((service) => service.ready)).then(() => announce(config, port));
    await Promise.race([ready, stopped]);
    await stopped;
  } finally {
    for (const close of closers.reverse()) await close();
    if (process.connected) process.disconnect();
  }
}

async function startDatabase(home: string, closers: (() => Promise<unknown>)[]): Promise<string> {
  const database = await startEmbeddedPostgres({ home });
  closers.push(() => database.stop());
  return database.url;
}

function startService(name: string, home: string, environment: NodeJS.ProcessEnv): Service {
  // Runs as built (.js) and, in development, from source (.ts).
  const script = new URL(`../${name}/main${extname(import.meta.filename)}`, import.meta.url);
  return new Service({ name, script, environment, logPath: join(home, 'logs', `${name}.log`) });
}

function announce(config: Config, port: number): void {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  const url = `http://${host}:${port}`;
  console.log(
    `Trainyard is ready at ${url} (documentation at ${url}/docs, data in ${config.home}; Ctrl-C stops it)`,
  );
  process.send?.({ type: 'ready', url });
}
