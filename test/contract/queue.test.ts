import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { createQueue, type QueueOptions } from '../../src/adapters/queue/create-queue.ts';
import type { JobMessage, JobQueue } from '../../src/jobs/ports.ts';
import { lineTo } from '../outage.ts';
import { createTestDatabase } from '../postgres.ts';
import { createTestRedis, redisInstalled } from '../redis.ts';

/** What the suite needs of a server: where it is, and how to take it away and give it back. */
interface QueueServer {
  where: Pick<QueueOptions, 'redisUrl' | 'databaseUrl'>;
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  drop(): Promise<void>;
}

async function redisServer(): Promise<QueueServer> {
  const redis = await createTestRedis();
  return {
    // With Redis the queue must not so much as look at the database.
    where: { redisUrl: redis.url, databaseUrl: 'postgres://nobody@127.0.0.1:1/nothing' },
    goAway: () => redis.stop('SIGKILL'),
    comeBack: () => redis.start(),
    drop: () => redis.drop(),
  };
}

async function postgresServer(): Promise<QueueServer> {
  const database = await createTestDatabase();
  const line = await lineTo(database.url);
  return {
    where: { databaseUrl: line.url },
    goAway: () => line.cut(),
    comeBack: () => line.mend(),
    async drop() {
      await line.cut();
      await database.drop();
    },
  };
}

const servers = [
  { name: 'Redis', start: redisServer, installed: redisInstalled },
  { name: 'Postgres', start: postgresServer, installed: true },
];

const LOCK_MS = 1_000;
const CHECK_MS = 250;

for (const { name, start, installed } of servers) {
  describe.skipIf(!installed)(`a job queue on ${name}`, () => {
    let server: QueueServer;
    let options: QueueOptions;
    let errors: string[];
    let count = 0;
    const opened: JobQueue[] = [];

    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.drop());
    afterEach(async () => {
      await Promise.all(opened.splice(0).map((queue) => queue.close()));
    });

    /** A queue that no other test uses, or a second way into the one that this test opened. */
    async function open(again = false): Promise<JobQueue> {
      if (!again) {
        count += 1;
        errors = [];
        options = {
          ...server.where,
          name: `queue-${count}`,
          lockMs: LOCK_MS,
          stalledCheckMs: CHECK_MS,
          onError: (error) => errors.push(error.message),
        };
      }
      const queue = await createQueue(options);
      opened.push(queue);
      return queue;
    }

    /** Consumes, and notes what comes. */
    function collect(queue: JobQueue, work: (message: JobMessage) => Promise<void> = async () => {}) {
      const taken: string[] = [];
      const consumer = queue.consume(async (message) => {
        taken.push(`${message.jobId}#${message.attempt}`);
        await work(message);
      });
      return { taken, consumer };
    }

    const until = (check: () => void, timeout = 10_000) => vi.waitFor(check, { timeout, interval: 20 });

    test('opens in many processes at once, on a server that has never seen it', async () => {
      const queues = await Promise.all([open(), open(true), open(true), open(true)]);
      await Promise.all(queues.map((queue) => queue.ping()));
    });

    test('hands out what was added, one at a time', async () => {
      const queue = await open();
      let atWork = 0;
      let most = 0;
      const { taken, consumer } = collect(queue, async () => {
        most = Math.max(most, ++atWork);
        await sleep(30);
        atWork -= 1;
      });
      for (const id of ['a', 'b', 'c']) await queue.add({ jobId: `job_${id}`, attempt: 1 }, { priority: 0 });
      await until(() => expect(taken).toEqual(['job_a#1', 'job_b#1', 'job_c#1']));
      await consumer.close();
      expect(most).toBe(1);
    });

    test('keeps one message of those added twice, waiting or at work, and takes the same again later', async () => {
      const queue = await open();
      const message = { jobId: 'job_a', attempt: 1 };
      await queue.add(message, { priority: 0 });
      await queue.add(message, { priority: 0 });
      let finish = () => {};
      const { taken, consumer } = collect(queue, () => new Promise((resolve) => (finish = resolve)));
      await until(() => expect(taken).toHaveLength(1));
      await queue.add(message, { priority: 0 });
      finish();
      await queue.add({ jobId: 'job_a', attempt: 2 }, { priority: 0 });
      await until(() => expect(taken).toEqual(['job_a#1', 'job_a#2']));
      finish();
      await sleep(200);
      await queue.add(message, { priority: 0 });
      await until(() => expect(taken).toEqual(['job_a#1', 'job_a#2', 'job_a#1']));
      finish();
      await consumer.close();
    });

    test('hands out the most urgent first, 0 before 1, and the first come first within a priority', async () => {
      const queue = await open();
      const priorities = [5, 1, 0, 1000, 1, 0, 5];
      for (const [i, priority] of priorities.entries()) {
        await queue.add({ jobId: `job_${priority}_${i}`, attempt: 1 }, { priority });
      }
      const { taken, consumer } = collect(queue);
      await until(() => expect(taken).toHaveLength(priorities.length));
      await consumer.close();
      expect(taken.map((id) => id.slice(4, -2))).toEqual([
        '0_2',
        '0_5',
        '1_1',
        '1_4',
        '5_0',
        '5_6',
        '1000_3',
      ]);
    });

    test('holds a delayed message back until its time', async () => {
      const queue = await open();
      const { taken, consumer } = collect(queue);
      const added = performance.now();
      await queue.add({ jobId: 'job_late', attempt: 1 }, { priority: 0, delayMs: 700 });
      await queue.add({ jobId: 'job_now', attempt: 1 }, { priority: 3 });
      await until(() => expect(taken).toEqual(['job_now#1']));
      await until(() => expect(taken).toEqual(['job_now#1', 'job_late#1']));
      expect(performance.now() - added).toBeGreaterThanOrEqual(690);
      await consumer.close();
    });

    test('knows a message that waits, is delayed or at work, and none that is gone', async () => {
      const queue = await open();
      const [waiting, delayed] = ['job_a', 'job_b'].map((jobId) => ({ jobId, attempt: 1 }));
      expect(await queue.has(waiting!)).toBe(false);
      await queue.add(waiting!, { priority: 3 });
      await queue.add(delayed!, { priority: 0, delayMs: 60_000 });
      expect([await queue.has(waiting!), await queue.has(delayed!)]).toEqual([true, true]);
      let finish = () => {};
      const { taken, consumer } = collect(queue, () => new Promise((resolve) => (finish = resolve)));
      await until(() => expect(taken).toEqual(['job_a#1']));
      expect(await queue.has(waiting!)).toBe(true);
      finish();
      await consumer.close();
      expect(await queue.has(waiting!)).toBe(false);
    });

    test('takes back a message that waits, urgent or not, delayed or not; else does nothing', async () => {
      const queue = await open();
      const messages = [0, 7].map((priority) => ({
        message: { jobId: `job_${priority}`, attempt: 1 },
        priority,
      }));
      for (const { message, priority } of messages) await queue.add(message, { priority });
      const delayed = { jobId: 'job_delayed', attempt: 1 };
      await queue.add(delayed, { priority: 0, delayMs: 100 });
      for (const { message } of messages) await queue.remove(message);
      await queue.remove(delayed);
      await queue.remove({ jobId: 'job_unheard_of', attempt: 9 });

      await queue.add({ jobId: 'job_kept', attempt: 1 }, { priority: 9 });
      const { taken, consumer } = collect(queue, async () => {
        await queue.remove({ jobId: 'job_kept', attempt: 1 });
        await sleep(300);
      });
      await until(() => expect(taken).toEqual(['job_kept#1']));
      await consumer.close();
      expect(taken).toEqual(['job_kept#1']);
      expect(errors).toEqual([]);
    });

    test('hands a message out again when the process that had it is killed', async () => {
      const queue = await open();
      await queue.add({ jobId: 'job_a', attempt: 1 }, { priority: 4 });
      const { onError: _, ...passed } = options;
      const script = fileURLToPath(new URL('./queue-consumer.ts', import.meta.url));
      const child = spawn(process.execPath, ['--import', 'tsx', script, JSON.stringify(passed)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      onTestFinished(() => void child.kill('SIGKILL'));
      const [line] = await once(createInterface({ input: child.stdout }), 'line');
      expect(JSON.parse(line)).toEqual({ jobId: 'job_a', attempt: 1 });

      const { taken, consumer } = collect(queue);
      await sleep(2 * LOCK_MS);
      expect(taken).toEqual([]);
      child.kill('SIGKILL');
      const killed = performance.now();
      await until(() => expect(taken).toEqual(['job_a#1']));
      expect(performance.now() - killed).toBeLessThan(LOCK_MS + 2 * CHECK_MS + 4_000);
      await consumer.close();
    });

    test('renews the lock of a message that is worked on for long', async () => {
      const queue = await open();
      const first = collect(queue, () => sleep(4 * LOCK_MS));
      const second = collect(await open(true), () => sleep(4 * LOCK_MS));
      await queue.add({ jobId: 'job_long', attempt: 1 }, { priority: 0 });
      await sleep(4 * LOCK_MS + 500);
      expect([...first.taken, ...second.taken]).toEqual(['job_long#1']);
      expect(errors).toEqual([]);
      await Promise.all([first.consumer.close(), second.consumer.close()]);
    });

    test('closing waits for the message in hand, however long, and takes no more', async () => {
      const queue = await open();
      let finished = false;
      const { taken, consumer } = collect(queue, async () => {
        await sleep(4_000);
        finished = true;
      });
      await queue.add({ jobId: 'job_in_hand', attempt: 1 }, { priority: 0 });
      await queue.add({ jobId: 'job_next', attempt: 1 }, { priority: 0 });
      await until(() => expect(taken).toHaveLength(1));
      await consumer.close();
      expect(finished).toBe(true);
      expect(taken).toEqual(['job_in_hand#1']);

      const next = collect(queue);
      await until(() => expect(next.taken).toEqual(['job_next#1']));
      await next.consumer.close();
    });

    test('closing the queue closes its consumers, twice does no harm', async () => {
      const queue = await open();
      let finished = false;
      const { taken, consumer } = collect(queue, async () => {
        await sleep(500);
        finished = true;
      });
      await queue.add({ jobId: 'job_a', attempt: 1 }, { priority: 0 });
      await until(() => expect(taken).toHaveLength(1));
      await queue.close();
      expect(finished).toBe(true);
      await consumer.close();
      await queue.close();
      // A renewal that was under way while its message ended finds no lock, and BullMQ says so; nothing else may.
      expect(errors.filter((error) => !/^could not renew lock/.test(error))).toEqual([]);
    });

    test('a handler that throws is reported, its message is gone, and the next one comes', async () => {
      const queue = await open();
      const { taken, consumer } = collect(queue, async ({ jobId }) => {
        if (jobId === 'job_bad') throw new Error('a fault of ours');
      });
      await queue.add({ jobId: 'job_bad', attempt: 1 }, { priority: 0 });
      await queue.add({ jobId: 'job_good', attempt: 1 }, { priority: 0 });
      await until(() => expect(taken).toEqual(['job_bad#1', 'job_good#1']));
      await sleep(2 * LOCK_MS);
      expect(taken).toEqual(['job_bad#1', 'job_good#1']);
      expect(errors).toEqual(['a fault of ours']);
      await consumer.close();
    });

    test('fails quickly while its server is away, and goes on when it is back', async () => {
      const queue = await open();
      const { taken, consumer } = collect(queue);
      await queue.add({ jobId: 'job_before', attempt: 1 }, { priority: 0 });
      await until(() => expect(taken).toEqual(['job_before#1']));

      await server.goAway();
      const away = performance.now();
      await expect(queue.ping()).rejects.toThrow();
      expect(performance.now() - away).toBeLessThan(2_000);
      await expect(queue.add({ jobId: 'job_lost', attempt: 1 }, { priority: 0 })).rejects.toThrow();
      expect(performance.now() - away).toBeLessThan(8_000);
      await sleep(1_500);
      // Every lost connection and every try to mend it is an error; the log is spared.
      expect(errors.length).toBeLessThan(4);

      await server.comeBack();
      await until(() => queue.ping());
      await until(() => queue.add({ jobId: 'job_after', attempt: 1 }, { priority: 0 }));
      await until(() => expect(taken).toEqual(['job_before#1', 'job_after#1']));
      await consumer.close();
    });

    test('finishes what it had in hand when its server was away for a moment', async () => {
      const queue = await open();
      const { taken, consumer } = collect(queue, () => sleep(800));
      await queue.add({ jobId: 'job_a', attempt: 1 }, { priority: 0 });
      await until(() => expect(taken).toHaveLength(1));
      await server.goAway();
      await sleep(100);
      await server.comeBack();
      await sleep(1_500);
      await until(() => queue.add({ jobId: 'job_b', attempt: 1 }, { priority: 0 }));
      await until(() => expect(taken).toContain('job_b#1'));
      await consumer.close();
    });

    test('closes while its server is away', async () => {
      const queue = await open();
      const { taken, consumer } = collect(queue);
      await queue.add({ jobId: 'job_a', attempt: 1 }, { priority: 0 });
      await until(() => expect(taken).toHaveLength(1));
      await server.goAway();
      const away = performance.now();
      await consumer.close();
      await queue.close();
      expect(performance.now() - away).toBeLessThan(10_000);
      await server.comeBack();
    });

    test('says so when it is opened while its server is away', async () => {
      await open();
      await server.goAway();
      await expect(createQueue(options)).rejects.toThrow();
      await server.comeBack();
    });
  });
}
