import { TrainyardError } from '../../jobs/errors.ts';

const RETRY_AFTER_SECONDS = 2;

/** What Prisma's driver adapter calls a database that may be back, or free, in a moment. */
const PASSING = new Set([
  'DatabaseNotReachable',
  'ConnectionClosed',
  'SocketTimeout',
  'TooManyConnections',
  'TransactionWriteConflict',
]);
/** Prisma found no connection, or a transaction took too long. */
const PASSING_PRISMA = new Set(['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2034']);
/** Connection exceptions, exhausted resources, and a server that shuts down or starts (SQLSTATE). */
const PASSING_SQLSTATE = /^(08|53|57P0)/;
/** Of a socket, where the adapter passes them on as they are. */
const PASSING_SOCKET = new Set(['EPIPE', 'ECONNABORTED', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN']);
/** The driver's own, without a code. The last two are a statement's, in a transaction that has lost its connection. */
const PASSING_MESSAGE =
  /^(timeout exceeded when trying to connect|Connection terminated|Client (has encountered a connection error|was closed))/;
/** Text that Postgres can't hold: it takes any character but U+0000. */
const UNSTORABLE_SQLSTATE = /^(22021|22P05)$/;

/**
 * What the caller may know of a failed query. The query and the driver's own words stay in `cause`, for the log.
 * Errors of our own pass as they are.
 */
export function toTrainyardError(error: unknown): unknown {
  if (error instanceof TrainyardError || !(error instanceof Error)) return error;
  const { code, driver } = signs(error);
  if (isPassing(error, code, driver)) {
    return new TrainyardError('unavailable', 'The database can’t be reached right now', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: error,
    });
  }
  if (UNSTORABLE_SQLSTATE.test(driver.code ?? '')) {
    return new TrainyardError('invalidRequest', 'Text can’t hold the character U+0000', { cause: error });
  }
  if (isOfDatabase(error)) {
    return new TrainyardError('internal', 'The database refused a statement', { cause: error });
  }
  return error;
}

interface DriverCause {
  kind?: string;
  /** The SQLSTATE. */
  code?: string;
}

function signs(error: Error): { code: string; driver: DriverCause } {
  const { code = '', meta } = error as {
    code?: string;
    meta?: { driverAdapterError?: { cause?: DriverCause } };
  };
  return { code, driver: meta?.driverAdapterError?.cause ?? (error.cause as DriverCause | undefined) ?? {} };
}

function isPassing(error: Error, code: string, driver: DriverCause): boolean {
  return (
    PASSING.has(driver.kind ?? '') ||
    PASSING_SQLSTATE.test(driver.code ?? '') ||
    PASSING_PRISMA.has(code) ||
    PASSING_SOCKET.has(code) ||
    PASSING_MESSAGE.test(error.message)
  );
}

function isOfDatabase(error: Error): boolean {
  return error.name.startsWith('PrismaClient') || error.name === 'DriverAdapterError';
}
