import { isIP, isIPv4 } from 'node:net';
import { resolve } from 'node:path';
import { z } from 'zod';

/** The only reader of the process's environment: it is read once, checked whole, and handed on as values. */

type Environment = Readonly<Record<string, string | undefined>>;

const Secret = z.string().min(16, 'must have at least 16 characters');
const Milliseconds = z.coerce.number().int().min(10).max(86_400_000);
const Networks = list(
  isNetwork,
  'must be addresses or ranges, such as 10.1.2.3, fd00::/8, with commas between',
);
const Hosts = list(
  (entry) => isNetwork(entry) || isName(entry),
  'must be names, addresses or ranges, such as minio.internal, 10.1.2.3, fd00::/8, with commas between',
);

const Variables = z.object({
  HOST: z.string().default('127.0.0.1'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8080),
  TRAINYARD_HOME: z.string().default('.trainyard'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).optional(),
  REDIS_URL: z.url({ protocol: /^rediss?$/, error: 'must be a redis:// or rediss:// URL' }).optional(),
  TRAINYARD_OPERATOR_KEY: Secret.optional(),
  TRAINYARD_INTERNAL_TOKEN: Secret.optional(),
  TRAINYARD_MAX_UPLOAD_BYTES: z.coerce.number().int().positive().default(1_073_741_824),
  TRAINYARD_MAX_RUNNING_JOBS: z.coerce.number().int().positive().optional(),
  TRAINYARD_MAX_QUEUED_JOBS: z.coerce.number().int().positive().optional(),
  TRAINYARD_MAX_STORED_BYTES: z.coerce.number().int().positive().optional(),
  TRAINYARD_ALLOWED_PRIVATE_HOSTS: Hosts,
  TRAINYARD_MAX_REQUESTS_PER_MINUTE: z.coerce.number().int().positive().optional(),
  TRAINYARD_MAX_FAILED_KEYS_PER_MINUTE: z.coerce.number().int().positive().default(60),
  TRAINYARD_TRUSTED_PROXIES: Networks,
  TRAINYARD_BACKEND: z.enum(['auto', 'tfjs-node-gpu', 'wasm', 'cpu']).default('auto'),
  TRAINYARD_EXECUTOR: z.enum(['auto', 'eager']).default('auto'),
  TRAINYARD_THREADS: z.coerce.number().int().min(1).max(64).optional(),
  TRAINYARD_GEMM: z.enum(['auto', 'wasm', 'onednn', 'openblas', 'accelerate']).default('auto'),
  TRAINYARD_PREDICTOR_HOST: z.string().default('127.0.0.1'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  TRAINYARD_HEARTBEAT_MS: Milliseconds.default(1_000),
  TRAINYARD_LEASE_MS: Milliseconds.default(10_000),
  TRAINYARD_CANCEL_GRACE_MS: Milliseconds.default(8_000),
  TRAINYARD_TRAINER_SILENCE_MS: Milliseconds.default(900_000),
  TRAINYARD_SWEEP_MS: Milliseconds.default(2_000),
  TRAINYARD_TIDY_MS: Milliseconds.default(3_600_000),
  TRAINYARD_QUEUE_LOCK_MS: Milliseconds.default(15_000),
  TRAINYARD_STALLED_CHECK_MS: Milliseconds.default(5_000),
});
type Variables = z.infer<typeof Variables>;

export interface Config {
  readonly host: string;
  readonly port: number;
  /** No key is asked for: only on loopback, and only where no operator key is set. */
  readonly openMode: boolean;
  /** An absolute path: where blobs, work folders and the embedded database lie. */
  readonly home: string;
  /** Left out where the embedded database is to be started. */
  readonly databaseUrl: string | undefined;
  /** Left out, the queue lives in Postgres too. */
  readonly redisUrl: string | undefined;
  readonly operatorKey: string | undefined;
  /** Shared by the API and the workers' predictors. */
  readonly internalToken: string | undefined;
  readonly maxUploadBytes: number;
  /** What data sets may be fetched from, and webhooks told, though it isn't public. */
  readonly allowedPrivateHosts: readonly string[];
  /** What each project may have at once, and ask in a minute; undefined where it isn't bounded. */
  readonly limits: Readonly<
    Record<'runningJobs' | 'queuedJobs' | 'storedBytes' | 'requestsPerMinute', number | undefined>
  >;
  /**
   * Requests without a valid key, of one address. Like those of a project, all API processes count them together
   * where there is a Redis, else each for itself; while Redis is away they aren't counted.
   */
  readonly maxFailedKeysPerMinute: number;
  /** Whose `X-Forwarded-For` is believed; without any, an address is that of the connection. */
  readonly trustedProxies: readonly string[];
  readonly backend: Variables['TRAINYARD_BACKEND'];
  /** How a worker without a GPU computes. */
  readonly computing: {
    /** `auto` compiles steps; `eager` has tfjs compute them op by op. */
    readonly executor: Variables['TRAINYARD_EXECUTOR'];
    /** How many cores a run takes; some of the machine's when left out. */
    readonly threads: number | undefined;
    readonly gemm: Variables['TRAINYARD_GEMM'];
  };
  /** What a worker's predictor listens on, and is told to the API as. */
  readonly predictorHost: string;
  readonly logLevel: Variables['LOG_LEVEL'];
  readonly timings: Timings;
}

export interface Timings {
  /** How often a worker says that it and its run are alive. */
  readonly heartbeatMs: number;
  /** After this silence a worker, and its run, count as lost. */
  readonly leaseMs: number;
  /** From the wish to stop until the trainer is killed. */
  readonly cancelGraceMs: number;
  /** A trainer that says nothing for this long hangs. It speaks several times a second, unless a step takes longer. */
  readonly trainerSilenceMs: number;
  /** How often what fell between Postgres and the queue is looked for. */
  readonly sweepMs: number;
  /** How often files are looked for that nobody needs any more. */
  readonly tidyMs: number;
  readonly queueLockMs: number;
  readonly stalledCheckMs: number;
}

/** The environment can't be run with; the message names each variable at fault and why. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(reasons: readonly string[]) {
    super(`Can’t start with this environment:\n${reasons.map((reason) => `  ${reason}`).join('\n')}`);
  }
}

/**
 * Reads and checks the environment. An empty string counts as unset.
 * @throws ConfigError, which never shows a value
 */
export function loadConfig(environment: Environment = process.env): Config {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = Variables.safeParse(set);
  if (!parsed.success) {
    throw new ConfigError(parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`));
  }
  const faults = contradictions(parsed.data);
  if (faults.length > 0) throw new ConfigError(faults);
  return toConfig(parsed.data);
}

function contradictions(variables: Variables): string[] {
  const faults: string[] = [];
  if (!isLoopback(variables.HOST) && variables.TRAINYARD_OPERATOR_KEY === undefined) {
    faults.push(`TRAINYARD_OPERATOR_KEY: must be set where HOST (${variables.HOST}) isn’t loopback`);
  }
  if (variables.TRAINYARD_LEASE_MS < 2 * variables.TRAINYARD_HEARTBEAT_MS) {
    faults.push('TRAINYARD_LEASE_MS: must be at least twice TRAINYARD_HEARTBEAT_MS');
  }
  return faults;
}

function toConfig(variables: Variables): Config {
  return {
    host: variables.HOST,
    port: variables.PORT,
    openMode: variables.TRAINYARD_OPERATOR_KEY === undefined && isLoopback(variables.HOST),
    home: resolve(variables.TRAINYARD_HOME),
    databaseUrl: variables.DATABASE_URL,
    redisUrl: variables.REDIS_URL,
    operatorKey: variables.TRAINYARD_OPERATOR_KEY,
    internalToken: variables.TRAINYARD_INTERNAL_TOKEN,
    maxUploadBytes: variables.TRAINYARD_MAX_UPLOAD_BYTES,
    limits: {
      runningJobs: variables.TRAINYARD_MAX_RUNNING_JOBS,
      queuedJobs: variables.TRAINYARD_MAX_QUEUED_JOBS,
      storedBytes: variables.TRAINYARD_MAX_STORED_BYTES,
      requestsPerMinute: variables.TRAINYARD_MAX_REQUESTS_PER_MINUTE,
    },
    allowedPrivateHosts: variables.TRAINYARD_ALLOWED_PRIVATE_HOSTS,
    maxFailedKeysPerMinute: variables.TRAINYARD_MAX_FAILED_KEYS_PER_MINUTE,
    trustedProxies: variables.TRAINYARD_TRUSTED_PROXIES,
    backend: variables.TRAINYARD_BACKEND,
    computing: {
      executor: variables.TRAINYARD_EXECUTOR,
      threads: variables.TRAINYARD_THREADS,
      gemm: variables.TRAINYARD_GEMM,
    },
    predictorHost: variables.TRAINYARD_PREDICTOR_HOST,
    logLevel: variables.LOG_LEVEL,
    timings: {
      heartbeatMs: variables.TRAINYARD_HEARTBEAT_MS,
      leaseMs: variables.TRAINYARD_LEASE_MS,
      cancelGraceMs: variables.TRAINYARD_CANCEL_GRACE_MS,
      trainerSilenceMs: variables.TRAINYARD_TRAINER_SILENCE_MS,
      sweepMs: variables.TRAINYARD_SWEEP_MS,
      tidyMs: variables.TRAINYARD_TIDY_MS,
      queueLockMs: variables.TRAINYARD_QUEUE_LOCK_MS,
      stalledCheckMs: variables.TRAINYARD_STALLED_CHECK_MS,
    },
  };
}

/** What nothing may show. Passwords stand in URLs, by which they are known. */
export function secretsOf({ operatorKey, internalToken }: Config): string[] {
  return [operatorKey, internalToken].filter((secret) => secret !== undefined);
}

function list(isEntry: (entry: string) => boolean, message: string) {
  const split = (text: string) =>
    text
      .toLowerCase()
      .split(',')
      .map((entry) => entry.trim())
      .filter(Boolean);
  return z
    .string()
    .default('')
    .transform(split)
    .refine((entries) => entries.every(isEntry), message);
}

/** An address, or a range of them as `address/bits`. */
function isNetwork(entry: string): boolean {
  const [, address = '', bits = '0'] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(entry) ?? [];
  return isIP(address) !== 0 && Number(bits) <= (isIPv4(address) ? 32 : 128);
}

/** The last part of a name has a letter: without one it would be an address. */
function isName(entry: string): boolean {
  return /^([a-z0-9_-]+\.)*[0-9-]*[a-z][a-z0-9-]*$/.test(entry);
}

/** Whether only this machine can reach the host. A name other than `localhost` isn't trusted to be. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

/** What a trainer or a predictor may know: where programs and libraries are, and how to compute. */
const FOR_CHILDREN =
  /^(PATH|HOME|USER|LANG|LC_ALL|TZ|TMPDIR|TEMP|TMP|SYSTEMROOT|NODE_ENV|NODE_OPTIONS|NODE_V8_COVERAGE|LD_LIBRARY_PATH|(CUDA|NVIDIA|TF|VK|OMP|OPENBLAS|MALLOC)_\w+)$/;

/** The environment of a child process that runs a user's job: no database, no queue, no key. */
export function childEnvironment(environment: Environment = process.env): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(
      (entry): entry is [string, string] =>
        entry[1] !== undefined && FOR_CHILDREN.test(entry[0].toUpperCase()),
    ),
  );
}

/** The environment of the API and the worker that `trainyard up` starts: its own, and what it has settled. */
export function serviceEnvironment(
  settled: Record<string, string>,
  environment: Environment = process.env,
): Record<string, string | undefined> {
  return { ...environment, ...settled };
}
