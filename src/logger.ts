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

/** Secrets inside of text: bearer tokens, and the password of a URL. */
const SECRET_TEXT = /(?<=Bearer\s)[^\s"\\,]+|(?<=:\/\/[^\s"/@:]*:)[^\s"/@]+(?=@)/gi;

/** Writes one JSON object a line, to stdout unless told otherwise; times are RFC 3339. */
export function createLogger(options: { level: string }, destination?: DestinationStream): Logger {
  const settings = {
    level: options.level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]),
      censor: '[redacted]',
    },
    // An error's message or stack may carry a URL or a header, where no field name gives it away.
    hooks: { streamWrite: (line: string) => line.replace(SECRET_TEXT, '[redacted]') },
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}
