import { newId } from '../../jobs/ids.ts';
import type { Store } from '../../jobs/ports.ts';
import { apiKeyStore } from './api-keys.ts';
import { artifactStore } from './artifacts.ts';
import { checkpointStore } from './checkpoints.ts';
import { datasetStore } from './datasets.ts';
import { deliveryStore } from './deliveries.ts';
import { eventStore } from './events.ts';
import { once } from './idempotency.ts';
import { jobStore } from './jobs.ts';
import { metricStore } from './metrics.ts';
import { modelStore } from './models.ts';
import { listen, type Notifications } from './notifications.ts';
import { pipelineStore } from './pipelines.ts';
import { runStore } from './runs.ts';
import { connect, type Session } from './session.ts';
import { stageStore } from './stages.ts';
import { webhookStore } from './webhooks.ts';
import { workerStore } from './workers.ts';

/**
 * The store on a migrated Postgres. While the database can't be reached, every method throws TrainyardError
 * `unavailable`, and works again when it is back.
 * @param poolSize connections at most, besides the one that listens for changes
 * @throws TrainyardError unavailable when the database doesn't answer now
 */
export async function createStore({ url, poolSize }: { url: string; poolSize: number }): Promise<Store> {
  const { session, close } = connect(url, poolSize);
  const notifications = listen(url);
  const store = storeOn(session, notifications, async () => {
    await Promise.all([notifications.close(), close()]);
  });
  try {
    await store.ping();
  } catch (error) {
    await store.close();
    throw error;
  }
  return store;
}

function storeOn(session: Session, notifications: Notifications, close: () => Promise<void>): Store {
  const { sql } = session;
  const within = (inner: Session) => storeOn(inner, notifications, close);
  return {
    datasets: datasetStore(session),
    jobs: jobStore(session),
    pipelines: pipelineStore(session),
    runs: runStore(session),
    stages: stageStore(session),
    metrics: metricStore(session),
    events: eventStore(session),
    checkpoints: checkpointStore(session),
    artifacts: artifactStore(session),
    models: modelStore(session),
    webhooks: webhookStore(session),
    deliveries: deliveryStore(session),
    apiKeys: apiKeyStore(session),
    workers: workerStore(session),
    projects: {
      async ensure(name) {
        const create = { id: newId('prj'), name };
        return (await sql.project.upsert({ where: { name }, create, update: {} })).id;
      },

      // Not the project's row: a job's end locks that after the job's own, and this comes before.
      async lock(id) {
        await sql.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`project:${id}`}, 0))`;
      },

      async storedBytes(id) {
        const [answer] = await sql.$queryRaw<{ bytes: bigint }[]>`
          SELECT coalesce(sum(bytes), 0)::bigint AS bytes FROM (
            SELECT blob_key, bytes FROM dataset WHERE project_id = ${id}
            UNION SELECT blob_key, bytes FROM model WHERE project_id = ${id}
            UNION SELECT c.blob_key, c.bytes FROM checkpoint c JOIN job ON job.id = c.job_id WHERE job.project_id = ${id}
            UNION SELECT a.blob_key, a.bytes FROM artifact a JOIN job ON job.id = a.job_id WHERE job.project_id = ${id}
          ) AS blob`;
        return Number(answer?.bytes ?? 0);
      },
    },

    async blobInUse(blobKey) {
      const [answer] = await sql.$queryRaw<{ used: boolean }[]>`
        SELECT EXISTS (SELECT FROM dataset WHERE blob_key = ${blobKey})
          OR EXISTS (SELECT FROM checkpoint WHERE blob_key = ${blobKey})
          OR EXISTS (SELECT FROM artifact WHERE blob_key = ${blobKey})
          OR EXISTS (SELECT FROM model WHERE blob_key = ${blobKey}) AS used`;
      return answer?.used ?? false;
    },

    async unusedBlobs(blobKeys) {
      const unused = await sql.$queryRaw<{ key: string }[]>`
        SELECT key FROM unnest(${[...blobKeys]}::text[]) AS key
        WHERE NOT EXISTS (SELECT FROM dataset WHERE blob_key = key)
          AND NOT EXISTS (SELECT FROM checkpoint WHERE blob_key = key)
          AND NOT EXISTS (SELECT FROM artifact WHERE blob_key = key)
          AND NOT EXISTS (SELECT FROM model WHERE blob_key = key)`;
      return unused.map(({ key }) => key);
    },

    async lockBlob(blobKey) {
      await sql.$executeRaw`SELECT pg_advisory_xact_lock(hashtextextended(${`blob:${blobKey}`}, 0))`;
    },

    transaction: (work) => session.atomically((inner) => work(within(inner))),
    idempotent: (request, work) => once(session, request, (inner) => work(within(inner))),
    onJobChanged: (listener) => notifications.subscribe(listener),
    async ping() {
      await sql.$queryRaw`SELECT 1`;
    },
    close,
  };
}
