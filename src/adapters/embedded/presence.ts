import pg from 'pg';

/** Any number of launchers hold it shared while they use the server; who stops the server holds it alone. */
const LAUNCHERS = 7_216_113;
const CONNECT_MS = 5_000;

/** A launcher's open session with the server. Kill the launcher, and the server knows that it is gone. */
export interface Presence {
  readonly version: string;
  /** Calls back once when the session is lost, though `leave` wasn't called. */
  onLost(listener: () => void): void;
  /** Runs `stop` when no other launcher is using the server, and lets nobody in meanwhile. */
  leave(stop: () => Promise<void>): Promise<void>;
}

/** @throws Error when the server isn't there, isn't ours, isn't ready, or is being stopped */
export async function join(url: string): Promise<Presence> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: CONNECT_MS });
  let left = false;
  let lost = () => {};
  client.on('error', () => {}); // `end` follows
  client.once('end', () => left || lost());
  try {
    await client.connect();
    const { rows } = await client.query(
      `SELECT pg_try_advisory_lock_shared($1) AS joined, current_setting('server_version') AS version`,
      [LAUNCHERS],
    );
    if (!rows[0].joined) throw new Error('The server is being stopped');
    return {
      version: rows[0].version,
      onLost(listener) {
        lost = listener;
      },
      async leave(stop) {
        left = true;
        if (await isLast(client)) await stop();
        await client.end();
      },
    };
  } catch (error) {
    left = true;
    await client.end();
    throw error;
  }
}

async function isLast(client: pg.Client): Promise<boolean> {
  await client.query('SELECT pg_advisory_unlock_shared($1)', [LAUNCHERS]);
  const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS alone', [LAUNCHERS]);
  return rows[0].alone;
}
