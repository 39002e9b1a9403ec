import { writeSync } from 'node:fs';
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';

/** Bind a job or a run to every line by `logger.child({ jobId, runId })`. */
export type Logger = PinoLogger;

const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  'apiKey',
  'operatorKey',
  'internalToken',
  'databaseUrl',
  'redisUrl',
];

/** Secrets inside of text: bearer tokens, the password of a URL, and API keys, which some put into an address. */
const SECRET_TEXT = /(?<=Bearer\s)[^\s"\\,]+|(?<=:\/\/[^\s"/@:]*:)[^\s"/@]+(?=@)|ty_[\w-]{16,}/gi;
const REDACTED = '[redacted]';

/**
 * Writes one JSON object a line, to stdout unless told otherwise; times are RFC 3339.
 * @param options.secrets that no line may have, whatever they look like
 */
export function createLogger(
  { level, secrets = [] }: { level: string; secrets?: readonly string[] },
  destination: DestinationStream = { write: writeToStdout },
): Logger {
  const known = secrets.flatMap((secret) => [secret, encodeURIComponent(secret), asInJson(secret)]);
  const settings = {
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: REDACTED,
    },
    // An error's message or stack may carry a URL or a header, where no field name gives it away.
    hooks: {
      streamWrite: (line: string) =>
        known.reduce(
          (text, secret) => text.replaceAll(secret, REDACTED),
          line.replace(SECRET_TEXT, REDACTED),
        ),
    },
  };
  return pino(settings, destination);
}

const STDOUT = 1;
const PIPE_FULL_MS = 10;
const never = new Int32Array(new SharedArrayBuffer(4));

/**
 * A line that can't be written, as on a full disk, is lost: nothing may end for the sake of its log. Pino's own writer
 * throws where nobody catches it, and tries for ever to write the rest while the process ends. A full pipe is waited for,
 * as Pino does too.
 */
function writeToStdout(line: string): void {
  const bytes = Buffer.from(line);
  for (let done = 0; done < bytes.byteLength; ) {
    try {
      done += writeSync(STDOUT, bytes, done);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(never, 0, 0, PIPE_FULL_MS);
    }
  }
}

function asInJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
