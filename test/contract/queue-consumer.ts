/** A worker to be killed: takes a message, says so, and never finishes it. */
import { createQueue, type QueueOptions } from '../../src/adapters/queue/create-queue.ts';

const options = JSON.parse(process.argv[2] ?? '{}') as Omit<QueueOptions, 'onError'>;
const queue = await createQueue({ ...options, onError: (error) => console.error(error) });
queue.consume(async (message) => {
  console.log(JSON.stringify(message));
  await new Promise(() => setInterval(() => {}, 1_000));
});
