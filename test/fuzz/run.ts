import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { table } from '../../apps/cli/table.ts';
import { startEmbeddedPostgres } from '../../src/adapters/embedded/postgres.ts';
import { type Failure, fuzz, type Outcome } from './fuzz.ts';
import { ApiProcess } from './service.ts';

/**
 * Sends requests that nobody sends who means well to a built API with a Postgres of its own, and tells what it
 * answered. Fails at a 5xx, a crash, an answer after more than 5 s, and a 4xx that is no problem+json.
 *
 *     npm run fuzz -- [--requests 10000] [--seed 1]
 */
const { values: options } = parseArgs({
  options: { requests: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
});

const STACK_LINES = 12;

async function main(): Promise<void> {
  const home = await mkdtemp(join(tmpdir(), 'trainyard-fuzz-'));
  // Where we are root, Postgres runs as another user, who must be able to enter.
  await chmod(home, 0o755);
  const database = await startEmbeddedPostgres({ home });
  try {
    const api = await ApiProcess.start(database.url);
    try {
      const outcome = await fuzz(api, Number(options.seed), Number(options.requests));
      report(outcome);
      if (outcome.failures.length > 0) await tellLog(api);
    } finally {
      await api.stop();
    }
  } finally {
    await database.stop();
    await rm(home, { recursive: true });
  }
}

function report({ tallies, failures }: Outcome): void {
  const rows = [...tallies]
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([operation, { statuses, slowestMs }]) => [
      operation,
      String(Object.values(statuses).reduce((sum, count) => sum + count, 0)),
      Object.entries(statuses)
        .map(([status, count]) => `${status}: ${count}`)
        .join(', '),
      slowestMs.toFixed(0),
    ]);
  console.log(table(['operation', 'requests', 'answers', 'slowest (ms)'], rows));
  const sent = rows.reduce((sum, row) => sum + Number(row[1]), 0);
  console.log(`\n${sent} requests of seed ${options.seed}, ${failures.length} failures`);
  for (const failure of failures) console.log(describe(failure));
  if (failures.length > 0) process.exitCode = 1;
}

function describe({ index, request, fault, answer }: Failure): string {
  const { method, path, headers, body } = request;
  const shown = { ...headers, authorization: undefined };
  const text = body?.toString('latin1').slice(0, 2_000) ?? '';
  return `\n#${index} ${method} ${path}: it ${fault}\n  ${JSON.stringify(shown)}\n  ${text}\n  → ${answer}`;
}

/** Each fault that the service noted, once, with where it came from. */
async function tellLog(api: ApiProcess): Promise<void> {
  const noted = new Map<string, number>();
  for (const line of (await api.log()).split('\n')) {
    const stack: string = stackIn(line)?.split('\n').slice(0, STACK_LINES).join('\n') ?? '';
    if (stack !== '') noted.set(stack, (noted.get(stack) ?? 0) + 1);
  }
  for (const [stack, times] of noted) console.log(`\nNoted ${times} times: ${stack}`);
}

function stackIn(line: string): string | undefined {
  return /"level":"(error|fatal)"/.test(line) ? JSON.parse(line).err?.stack : undefined;
}

await main();
