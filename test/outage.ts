import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a server that can be cut: to its clients the server is then gone, and refuses connections. */
export interface Line {
  readonly url: string;
  /** Lets nothing through any more, as when a process hangs: both ends think that the other is there. */
  stall(): void;
  cut(): Promise<void>;
  mend(): Promise<void>;
}

export async function lineTo(serverUrl: string): Promise<Line> {
  const target = new URL(serverUrl);
  const sockets = new Set<Socket>();
  let port = 0;
  let server: Server | undefined;

  const mend = () =>
    new Promise<void>((resolve, reject) => {
      server = createServer((client) => {
        const upstream = connect(Number(target.port), target.hostname);
        for (const [from, to] of [
          [client, upstream],
          [upstream, client],
        ] as const) {
          sockets.add(from);
          from.pipe(to);
          from.on('error', () => {});
          from.on('close', () => {
            sockets.delete(from);
            to.destroy();
          });
        }
      });
      server.once('error', reject).listen(port, '127.0.0.1', () => {
        const address = server?.address();
        if (address !== null && typeof address === 'object') port = address.port;
        resolve();
      });
    });
  const stall = () => {
    for (const socket of sockets) socket.pause();
  };
  const cut = () =>
    new Promise<void>((resolve) => {
      server?.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });

  await mend();
  const url = new URL(serverUrl);
  url.hostname = '127.0.0.1';
  url.port = `${port}`;
  return { url: url.href, stall, cut, mend };
}
