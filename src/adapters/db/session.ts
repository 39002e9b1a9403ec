import { PrismaPg } from '@prisma/adapter-pg';
import { toTrainyardError } from './errors.ts';
import { type Prisma, PrismaClient } from './generated/client.ts';

/** Where statements go: straight to the database, or into one transaction of it. */
export interface Session {
  readonly sql: Prisma.TransactionClient;
  readonly inTransaction: boolean;
  /** Runs `work` in this transaction, or in a new one where there is none. */
  atomically<T>(work: (session: Session) => Promise<T>): Promise<T>;
}

const CONNECT_MS = 5_000;
/** How long a transaction may wait for a connection, and then take. */
const TRANSACTION = { maxWait: CONNECT_MS, timeout: 30_000 };

/**
 * What each connection is told. Prisma's adapter sends and reads times without their zone and takes them for UTC.
 * The server itself ends a transaction in which nothing is asked any more: a process that hangs there, or a machine
 * that is gone, must not hold the lock of a job for good. And no statement here is of the kind that gains by being
 * compiled: those of few rows but large estimates would take half a second for it.
 */
const SETTINGS = "SET TIME ZONE 'UTC'; SET idle_in_transaction_session_timeout = '10s'; SET jit = off";

/** A pool of connections. Every error that comes out of it is a TrainyardError. */
export function connect(url: string, poolSize: number): { session: Session; close(): Promise<void> } {
  const pool = {
    connectionString: url,
    max: poolSize,
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    onConnect: (client: { query(sql: string): Promise<unknown> }) => client.query(SETTINGS),
  };
  const client = withOurErrors(new PrismaClient({ adapter: new PrismaPg(pool) }));
  const session: Session = {
    sql: client,
    inTransaction: false,
    atomically: (work) =>
      client
        .$transaction((sql) => work(within(sql)), TRANSACTION)
        .catch((error) => {
          throw toTrainyardError(error);
        }),
  };
  return { session, close: () => client.$disconnect() };
}

function within(sql: Prisma.TransactionClient): Session {
  const session: Session = { sql, inTransaction: true, atomically: (work) => work(session) };
  return session;
}

function withOurErrors(client: PrismaClient): PrismaClient {
  const extended = client.$extends({
    query: {
      $allOperations: async ({ args, query }) => {
        try {
          return await query(args);
        } catch (error) {
          throw toTrainyardError(error);
        }
      },
    },
  });
  // The extension changes how queries fail, and no type.
  return extended as unknown as PrismaClient;
}
