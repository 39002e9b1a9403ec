import { parseArgs } from 'node:util';
import { table } from '../../../apps/cli/table.ts';
import { redisInstalled } from '../../redis.ts';
import { judge, type Verdict } from '../verdict.ts';
import { WholeService } from '../whole-service.ts';
import { type Ledger, soak } from './soak.ts';

/**
 * Starts the whole service, lets users work with it while faults strike at random, and tells what became of their jobs.
 * Fails where one was lost or doubled, a metric step too, or weights aren't those of an undisturbed job.
 *
 *     npm run soak -- [--faults 200] [--seed 1] [--queue redis|postgres]
 */
const { values: options } = parseArgs({
  options: {
    faults: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    queue: { type: 'string', default: redisInstalled ? 'redis' : 'postgres' },
  },
});

async function main(): Promise<void> {
  const startedAt = performance.now();
  const service = await WholeService.start({ redis: options.queue === 'redis', workers: 2 });
  try {
    const ledger = await soak(service, {
      seed: Number(options.seed),
      faults: Number(options.faults),
      onProgress: (text) => process.stderr.write(`\r\x1b[K${text}`),
    });
    process.stderr.write('\n');
    const verdict = judge(ledger);
    report(ledger, verdict, (performance.now() - startedAt) / 1000);
    if (verdict.faults.length > 0) {
      process.exitCode = 1;
      console.log(`\n${verdict.faults.slice(0, 50).join('\n')}`);
      await tellLogs(service);
    }
  } catch (error) {
    await tellLogs(service);
    throw error;
  } finally {
    await service.stop();
  }
}

async function tellLogs(service: WholeService): Promise<void> {
  for (const name of ['api', 'worker'] as const) {
    console.log(`\nThe ${name}’s last words:\n${(await service.log(name)).slice(-8_000)}`);
  }
}

function report({ struck, client, seen }: Ledger, verdict: Verdict, seconds: number): void {
  const { jobs, steps, weights, events, runs } = verdict;
  const total = [...struck.values()].reduce((sum, times) => sum + times, 0);
  console.log(
    `seed ${options.seed}, queue on ${options.queue}, ${total} faults in ${seconds.toFixed(0)} s\n`,
  );
  console.log(
    table(
      ['fault', 'times'],
      [...struck].sort().map(([name, times]) => [name, `${times}`]),
    ),
  );
  console.log();
  console.log(
    table(
      ['', 'number'],
      [
        ['jobs accepted', `${jobs.accepted}`],
        ['jobs ended', `${jobs.ended}`],
        ['jobs succeeded', `${jobs.succeeded}`],
        ['jobs lost', `${jobs.lost}`],
        ['jobs doubled', `${jobs.doubled}`],
        ['metric steps', `${steps.expected}`],
        ['metric steps lost', `${steps.lost}`],
        ['metric steps doubled', `${steps.doubled}`],
        ['metric steps of another value', `${steps.different}`],
        ['weights equal to an undisturbed job’s', `${weights.equal}`],
        ['weights different', `${weights.different}`],
        ['events lost or doubled to their watchers', `${events.faults}`],
        ['runs that the jobs took', `${runs}`],
        ['answers', [...client.answers].map(([status, times]) => `${status}: ${times}`).join(', ')],
        ['answers that nobody should get', `${client.faults.length + seen.length}`],
      ],
    ),
  );
}

await main();
