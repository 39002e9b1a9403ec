import { type ConnectionOptions, createRedisBackend, type RedisQueueBackend, withBackend } from 'bullmq';
import { Redis } from 'ioredis';
import type { Backend } from './backend.ts';

const reconnectMs = (times: number): number => Math.min(times * 200, 2_000);

/** BullMQ on Redis. Connects in the background. */
export function redisBackend(
  url: string,
  report: (error: unknown) => void,
): Backend<RedisQueueBackend, ConnectionOptions> {
  const client = new Redis(url, {
    enableOfflineQueue: false,
    maxRetriesPerRequest: 1,
    connectTimeout: 2_000,
    commandTimeout: 5_000,
    retryStrategy: reconnectMs,
  });
  client.on('error', report);
  return {
    classes: withBackend(createRedisBackend),
    producer: client,
    consumer: { url, maxRetriesPerRequest: null, retryStrategy: reconnectMs },
    ping: () => client.ping(),
    disconnect: async () => client.disconnect(),
  };
}
