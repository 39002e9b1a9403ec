import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { Writable } from 'node:stream';
import { expect, test } from 'vitest';
import { createLogger, type Logger } from '../../src/logger.ts';

/** What a logger writes, line by line. */
function written(
  log: (logger: Logger) => void,
  level = 'info',
  secrets: readonly string[] = [],
): Record<string, unknown>[] {
  let text = '';
  const destination = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  log(createLogger({ level, secrets }, destination));
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

test('writes lines with a level, an ISO time, and the job and run they are about', () => {
  const [line] = written((logger) => logger.child({ jobId: 'job_1', runId: 'run_2' }).warn('slow'));
  expect(line).toMatchObject({ level: 'warn', jobId: 'job_1', runId: 'run_2', msg: 'slow' });
  expect(line?.time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test('keeps quiet below its level', () => {
  expect(written((logger) => logger.info('chat'), 'warn')).toEqual([]);
});

test('writes no secret: not in a field, not in a text, not in an error', () => {
  const lines = written((logger) => {
    logger.info({ req: { headers: { authorization: 'Bearer hush-1', host: 'example.org' } } });
    logger.info({ config: { operatorKey: 'hush-2', internalToken: 'hush-3', databaseUrl: 'hush-4' } });
    logger.info({ token: 'hush-5', password: 'hush-6' });
    logger.error(new Error('could not reach postgres://trainyard:hush-7@db:5432/trainyard'));
    logger.error({ err: new Error('redis://:hush-8@cache:6379 said no to "Bearer hush-9"') });
  });
  const text = JSON.stringify(lines);
  expect(text).not.toContain('hush');
  expect(text).toContain('postgres://trainyard:[redacted]@db:5432/trainyard');
  expect(text).toContain('example.org');
  expect(lines).toHaveLength(5);
});

test('writes no API key that stands in an address, and no secret that it is told, however it is written', () => {
  const secret = 'a "secret" of one’s own/with signs';
  const lines = written(
    (logger) => {
      logger.info({ req: { url: `/v1/jobs?key=ty_${'hush-'.repeat(8)}` } });
      logger.info({ url: `/v1/jobs?key=${encodeURIComponent(secret)}` });
      logger.error(new Error(`what is ${secret}?`));
    },
    'info',
    [secret],
  );
  const text = lines.map((line) => JSON.stringify(line)).join('\n');
  expect(text).not.toMatch(/hush|of%20one|with signs/);
  expect(lines).toHaveLength(3);
});

test.runIf(existsSync('/dev/full'))('goes on where its lines can’t be written, and ends', () => {
  const module = new URL('../../src/logger.ts', import.meta.url).href;
  const script = `
    import { createLogger } from ${JSON.stringify(module)};
    const logger = createLogger({ level: 'info' });
    for (let line = 0; line < 100; line++) logger.info('x'.repeat(1000));
    setTimeout(() => { logger.info('more'); console.error('still there'); }, 50);
  `;
  const stdout = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(
    process.execPath,
    ['--import', 'tsx', '--input-type=module', '-e', script],
    { stdio: ['ignore', stdout, 'pipe'], encoding: 'utf8', timeout: 20_000, killSignal: 'SIGKILL' },
  );
  closeSync(stdout);
  expect({ status, stderr }).toEqual({ status: 0, stderr: 'still there\n' });
});
