import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ConfigError, childEnvironment, loadConfig, serviceEnvironment } from '../../src/config.ts';

const KEY = 'an-operator-key-of-some-length';

/** Why the environment is refused. */
function refusal(environment: Record<string, string>): string {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('the config', () => {
  test('has a default for everything that an embedded start needs', () => {
    expect(loadConfig({})).toEqual({
      host: '127.0.0.1',
      port: 8080,
      openMode: true,
      home: resolve('.trainyard'),
      databaseUrl: undefined,
      redisUrl: undefined,
      operatorKey: undefined,
      internalToken: undefined,
      maxUploadBytes: 2 ** 30,
      allowedPrivateHosts: [],
      limits: {
        runningJobs: undefined,
        queuedJobs: undefined,
        storedBytes: undefined,
        requestsPerMinute: undefined,
      },
      maxFailedKeysPerMinute: 60,
      trustedProxies: [],
      backend: 'auto',
      computing: { executor: 'auto', threads: undefined, gemm: 'auto' },
      predictorHost: '127.0.0.1',
      logLevel: 'info',
      timings: {
        heartbeatMs: 1_000,
        leaseMs: 10_000,
        cancelGraceMs: 8_000,
        trainerSilenceMs: 900_000,
        sweepMs: 2_000,
        tidyMs: 3_600_000,
        queueLockMs: 15_000,
        stalledCheckMs: 5_000,
      },
    });
  });

  test('takes an empty string for unset', () => {
    const empty = { HOST: '', PORT: '', DATABASE_URL: '', REDIS_URL: '', TRAINYARD_OPERATOR_KEY: '' };
    expect(loadConfig(empty)).toEqual(loadConfig({}));
  });

  test('reads what is set', () => {
    const config = loadConfig({
      HOST: '0.0.0.0',
      PORT: '0',
      TRAINYARD_HOME: '/var/lib/trainyard',
      DATABASE_URL: 'postgresql://user:pass@db:5432/trainyard?sslmode=require',
      REDIS_URL: 'rediss://:pass@cache:6380/1',
      TRAINYARD_OPERATOR_KEY: KEY,
      TRAINYARD_INTERNAL_TOKEN: 'a-token-of-sixteen',
      TRAINYARD_MAX_UPLOAD_BYTES: '1000',
      TRAINYARD_ALLOWED_PRIVATE_HOSTS: ' MinIO.internal,10.1.2.3, fd00::/8,,172.16.0.0/12 ',
      TRAINYARD_MAX_REQUESTS_PER_MINUTE: '600',
      TRAINYARD_MAX_FAILED_KEYS_PER_MINUTE: '5',
      TRAINYARD_TRUSTED_PROXIES: '10.0.0.1, fd00::/8',
      TRAINYARD_BACKEND: 'wasm',
      TRAINYARD_HEARTBEAT_MS: '100',
      TRAINYARD_LEASE_MS: '400',
    });
    expect(config).toMatchObject({
      host: '0.0.0.0',
      port: 0,
      openMode: false,
      home: '/var/lib/trainyard',
      databaseUrl: 'postgresql://user:pass@db:5432/trainyard?sslmode=require',
      redisUrl: 'rediss://:pass@cache:6380/1',
      operatorKey: KEY,
      internalToken: 'a-token-of-sixteen',
      maxUploadBytes: 1000,
      allowedPrivateHosts: ['minio.internal', '10.1.2.3', 'fd00::/8', '172.16.0.0/12'],
      limits: { requestsPerMinute: 600 },
      maxFailedKeysPerMinute: 5,
      trustedProxies: ['10.0.0.1', 'fd00::/8'],
      backend: 'wasm',
      timings: { heartbeatMs: 100, leaseMs: 400 },
    });
  });

  test.each([
    ['PORT', 'http'],
    ['PORT', '70000'],
    ['PORT', '80.5'],
    ['DATABASE_URL', 'mysql://localhost/x'],
    ['DATABASE_URL', 'localhost:5432'],
    ['REDIS_URL', 'http://localhost'],
    ['TRAINYARD_OPERATOR_KEY', 'fifteen letters'],
    ['TRAINYARD_INTERNAL_TOKEN', 'short'],
    ['TRAINYARD_MAX_UPLOAD_BYTES', '-1'],
    ['TRAINYARD_ALLOWED_PRIVATE_HOSTS', 'http://minio'],
    ['TRAINYARD_ALLOWED_PRIVATE_HOSTS', 'minio:9000'],
    ['TRAINYARD_ALLOWED_PRIVATE_HOSTS', 'minio/8'],
    ['TRAINYARD_ALLOWED_PRIVATE_HOSTS', '10.0.0'],
    ['TRAINYARD_ALLOWED_PRIVATE_HOSTS', '10.0.0.0/33'],
    ['TRAINYARD_ALLOWED_PRIVATE_HOSTS', '10.0.0.0/8/8'],
    ['TRAINYARD_ALLOWED_PRIVATE_HOSTS', '[::1]'],
    ['TRAINYARD_ALLOWED_PRIVATE_HOSTS', 'fd00::/129'],
    ['TRAINYARD_ALLOWED_PRIVATE_HOSTS', '*.internal'],
    ['TRAINYARD_MAX_REQUESTS_PER_MINUTE', '0'],
    ['TRAINYARD_MAX_FAILED_KEYS_PER_MINUTE', '0'],
    ['TRAINYARD_TRUSTED_PROXIES', 'proxy.example'],
    ['TRAINYARD_TRUSTED_PROXIES', '10.0.0.0/33'],
    ['TRAINYARD_BACKEND', 'cuda'],
    ['TRAINYARD_HEARTBEAT_MS', '0'],
    ['LOG_LEVEL', 'loud'],
  ])('refuses %s=%s, and says which it is and why', (variable, value) => {
    expect(refusal({ [variable]: value })).toMatch(new RegExp(`^  ${variable}: \\S.+`, 'm'));
  });

  test('names every variable at fault at once, and shows no value', () => {
    const message = refusal({
      PORT: 'x',
      TRAINYARD_OPERATOR_KEY: 'sesame',
      DATABASE_URL: 'mysql://u:hush@db/x',
    });
    expect(message).toMatch(/PORT: [\s\S]*TRAINYARD_OPERATOR_KEY: .*16/);
    expect(message).toContain('DATABASE_URL: must be a postgres:// URL');
    expect(message).not.toMatch(/sesame|hush/);
  });

  test('refuses a lease that a single late heartbeat would lose', () => {
    expect(refusal({ TRAINYARD_HEARTBEAT_MS: '5000', TRAINYARD_LEASE_MS: '9999' })).toContain(
      'TRAINYARD_LEASE_MS: must be at least twice TRAINYARD_HEARTBEAT_MS',
    );
  });

  test.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost'])('may run open on %s', (HOST) => {
    expect(loadConfig({ HOST }).openMode).toBe(true);
    expect(loadConfig({ HOST, TRAINYARD_OPERATOR_KEY: KEY }).openMode).toBe(false);
  });

  test.each([
    '0.0.0.0',
    '::',
    '192.168.1.4',
    'localhost.example.org',
    '127.evil.example',
    '::ffff:127.0.0.1',
  ])('refuses to listen on %s without a key', (HOST) => {
    expect(refusal({ HOST })).toContain('TRAINYARD_OPERATOR_KEY: must be set');
    expect(loadConfig({ HOST, TRAINYARD_OPERATOR_KEY: KEY }).openMode).toBe(false);
  });
});

describe('the environment of other processes', () => {
  const own = {
    PATH: '/bin',
    HOME: '/home/me',
    CUDA_VISIBLE_DEVICES: '1',
    OPENBLAS_CORETYPE: 'SkylakeX',
    DATABASE_URL: 'postgres://u:p@db/x',
    REDIS_URL: 'redis://:p@cache',
    PGPASSWORD: 'p',
    TRAINYARD_OPERATOR_KEY: KEY,
    TRAINYARD_INTERNAL_TOKEN: KEY,
    AWS_SECRET_ACCESS_KEY: 'p',
    MY_PATH: '/x',
    UNSET: undefined,
  };

  test('a trainer or predictor gets what it computes with, and no secret', () => {
    expect(childEnvironment(own)).toEqual({
      PATH: '/bin',
      HOME: '/home/me',
      CUDA_VISIBLE_DEVICES: '1',
      OPENBLAS_CORETYPE: 'SkylakeX',
    });
  });

  test('an API or worker gets the supervisor’s, with what that has settled', () => {
    expect(serviceEnvironment({ DATABASE_URL: 'postgres://embedded/x' }, own)).toEqual({
      ...own,
      DATABASE_URL: 'postgres://embedded/x',
    });
  });
});
