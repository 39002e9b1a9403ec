import { createHash } from 'node:crypto';
import { realpath, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommandError } from './command-error.ts';

/**
 * Holds a home for this process, until released or dead: two supervisors on one home would start its services
 * twice. The lock is a socket that the holder listens on, so a holder that was killed leaves nothing that
 * looks alive. The socket lies in the folder for temporary files, as a socket's path must be short.
 * @throws CommandError when another process of this machine holds the home
 */
export async function lockHome(home: string): Promise<() => Promise<void>> {
  const name = createHash('sha256')
    .update(await realpath(home))
    .digest('hex')
    .slice(0, 32);
  const path =
    process.platform === 'win32'
      ? `\\\\.\\pipe\\trainyard-${name}`
      : join(tmpdir(), `trainyard-${name}.sock`);
  const server = (await listen(path)) ?? (await takeOver(path, home));
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
}

async function takeOver(path: string, home: string): Promise<Server> {
  const holder = await askHolder(path);
  if (holder !== null) throw heldBy(holder, home);
  await rm(path, { force: true });
  const server = await listen(path);
  if (server === null) throw heldBy('which just started', home);
  return server;
}

function heldBy(holder: string, home: string): CommandError {
  return new CommandError(
    `Trainyard already runs on ${home} (process ${holder}). Stop it first, or set TRAINYARD_HOME to another folder.`,
  );
}

/** Null when the path is taken. Whoever connects is told the holder's process id. */
function listen(path: string): Promise<Server | null> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(String(process.pid));
    });
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    );
    server.listen(path, () => resolve(server));
  });
}

/** The holder's process id; null when nobody listens any more. */
function askHolder(path: string): Promise<string | null> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(path);
    socket.on('data', (chunk) => {
      answer += chunk;
    });
    socket.once('end', () => resolve(answer));
    socket.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ECONNREFUSED' || error.code === 'ENOENT' ? resolve(null) : reject(error),
    );
  });
}
