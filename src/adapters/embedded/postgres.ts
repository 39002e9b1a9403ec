import { readFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Cluster, freePort, paths, serverUrl, startServer, stopServer } from './cluster.ts';
import { homeCluster } from './place.ts';
import { join, type Presence } from './presence.ts';

export interface EmbeddedPostgres {
  /** Stays the same for as long as we run, though it carries a new port on the next start. */
  readonly url: string;
  readonly version: string;
  /** It was running already: another launcher shares it, or one was killed and left it. */
  readonly adopted: boolean;
  /** Stops the server unless another launcher uses it. Close every pool before. */
  stop(): Promise<void>;
}

/** How long a server may take to let go of its data folder after it was killed, or stopped by another. */
const SETTLE_MS = 20_000;
const RETRY_MS = 250;

/**
 * Runs a real Postgres from npm with its data in the home, on loopback with a random password. It is started
 * again on the same port when it dies. It outlives a launcher that is killed, and the next one adopts it.
 * @param notice is told what a user should know: where data went, and that the server died
 * @throws Error when the platform has no binaries, or with the server's log when it doesn't start
 */
export async function startEmbeddedPostgres({
  home,
  notice = (message) => console.warn(message),
}: {
  home: string;
  notice?: (message: string) => void;
}): Promise<EmbeddedPostgres> {
  const cluster = await homeCluster(home, notice);
  const { port, adopted, ...first } = await bringUp(cluster);
  let presence = first.presence;
  let reviving: Promise<void> | undefined;
  let stopping = false;

  const watch = () => {
    presence.onLost(() => {
      reviving = revive();
    });
  };
  const revive = async () => {
    notice('Postgres has died and is being started again');
    while (!stopping) {
      try {
        ({ presence } = await bringUp(cluster, port));
        watch();
        return;
      } catch (error) {
        notice((error as Error).message);
      }
    }
  };
  watch();
  return {
    url: await serverUrl(cluster, port),
    version: presence.version,
    adopted,
    async stop() {
      if (stopping) return;
      stopping = true;
      await reviving;
      await presence.leave(() => stopServer(cluster));
    },
  };
}

interface Up {
  presence: Presence;
  port: number;
  adopted: boolean;
}

/** Joins the server that runs on the cluster, or starts one, as often as it takes for an ending one to be gone. */
async function bringUp(cluster: Cluster, wantedPort?: number): Promise<Up> {
  for (const deadline = Date.now() + SETTLE_MS; ; await sleep(RETRY_MS)) {
    const found = await adopt(cluster);
    if (found) return found;
    try {
      const port = wantedPort ?? (await freePort());
      await startServer(cluster, port);
      return { presence: await join(await serverUrl(cluster, port)), port, adopted: false };
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
  }
}

/** Only a connection tells whether a server lives: its pid may be another's by now. */
async function adopt(cluster: Cluster): Promise<Up | undefined> {
  const port = await notedPort(cluster);
  if (port === undefined) return undefined;
  try {
    return { presence: await join(await serverUrl(cluster, port)), port, adopted: true };
  } catch {
    return undefined;
  }
}

/** The fourth line of what a server notes about itself in its data folder. */
async function notedPort(cluster: Cluster): Promise<number | undefined> {
  const note = await readFile(joinPath(paths(cluster).data, 'postmaster.pid'), 'utf8').catch(() => '');
  return Number(note.split('\n')[3]) || undefined;
}
