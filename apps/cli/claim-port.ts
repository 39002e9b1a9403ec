import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CommandError } from './command-error.ts';

/** An API whose supervisor was killed lets go of its port about this soon. */
const PATIENCE_MS = 3_000;

/**
 * The port to serve on: the one asked for, or any free one for 0, settled here so that a restarted API keeps it.
 * @throws CommandError when another process has it
 */
export async function claimPort(host: string, port: number): Promise<number> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await tryPort(host, port);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'EADDRINUSE') throw new CommandError(`Can’t listen on ${host}:${port} (${code}).`);
      if (Date.now() > deadline) {
        throw new CommandError(
          `Port ${port} on ${host} is in use. Stop what uses it, or set PORT to another.`,
        );
      }
    }
    await sleep(100);
  }
}

async function tryPort(host: string, port: number): Promise<number> {
  const server = createServer().listen(port, host);
  await once(server, 'listening');
  const { port: taken } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return taken;
}
