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
  destination?: DestinationStream,
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
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

function asInJson(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
