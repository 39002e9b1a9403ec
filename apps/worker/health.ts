import { hostname } from 'node:os';
import { createStore } from '../../src/adapters/db/store.ts';
import { loadConfig } from '../../src/config.ts';

/**
 * A container's health check: ends with 0 when the worker of this host has lately said, through the database,
 * that it lives; a worker that is stuck, or can't reach the database, hasn't.
 */
const { databaseUrl, timings } = loadConfig();
const store = await createStore({ url: databaseUrl!, poolSize: 1 });
const alive = await store.workers.alive(new Date(Date.now() - timings.leaseMs));
await store.close();
process.exit(alive.some((worker) => worker.host === hostname()) ? 0 : 1);
