import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { newId } from '../../../src/jobs/ids.ts';
import type { ClaimedDelivery, DeliveryOutcome, Store } from '../../../src/jobs/ports.ts';
import type { WebhookRow } from '../../../src/jobs/rows.ts';
import type { WebhookEvent } from '../../../src/spec/resource/webhook.ts';
import { jobRow, newProject, type Subject } from './rows.ts';

const LEASE_MS = 60_000;
const PAGE = { limit: 100 };
const DELIVERED: DeliveryOutcome = { status: 'delivered', answer: 204, fault: null, retryMs: 0, quietMs: 0 };
const FAILED: DeliveryOutcome = { status: 'pending', answer: null, fault: 'no one', retryMs: 0, quietMs: 0 };

/** Webhooks, and the deliveries that come with events. */
export function webhooks(subject: Subject): void {
  async function hooked(...events: WebhookEvent[]) {
    const { store } = subject;
    const projectId = await newProject(store);
    const job = jobRow(projectId);
    await store.jobs.insert(job);
    const webhook = webhookRow(projectId, events);
    await store.webhooks.insert(webhook);
    const deliveries = async (id = webhook.id) => (await store.deliveries.list(id, {}, PAGE)).data;
    return { store, projectId, job, webhook, deliveries };
  }

  /** The claims of this webhook, the others being left for good. */
  async function claim(store: Store, { id }: WebhookRow, leaseMs = LEASE_MS): Promise<ClaimedDelivery[]> {
    return (await store.deliveries.claim(100, leaseMs)).filter(({ webhookId }) => webhookId === id);
  }

  test('A webhook comes back, to its own project only, and goes with its deliveries', async () => {
    const { store, projectId, job, webhook } = await hooked('job.status', 'job.epoch');
    const other = await newProject(store);
    expect(await store.webhooks.get(webhook.id, projectId)).toEqual(webhook);
    expect(await store.webhooks.get(webhook.id, other)).toBeNull();
    expect(await store.webhooks.list(projectId, PAGE)).toEqual({ data: [webhook], nextCursor: null });
    expect(await store.webhooks.list(other, PAGE)).toEqual({ data: [], nextCursor: null });
    expect(await store.webhooks.count(projectId)).toBe(1);
    await store.events.append(job.id, 'status', {});
    expect(await store.webhooks.delete(webhook.id, other)).toBe(false);
    expect(await store.webhooks.delete(webhook.id, projectId)).toBe(true);
    expect(await store.webhooks.delete(webhook.id, projectId)).toBe(false);
    expect(await claim(store, webhook)).toEqual([]);
  });

  test('An event is for each webhook of its project that wants its type, under one id, and goes as it goes', async () => {
    const { store, projectId, job, webhook, deliveries } = await hooked('job.status');
    const all = webhookRow(projectId, ['job.status', 'job.epoch']);
    const elsewhere = webhookRow(await newProject(store), ['job.status', 'job.epoch']);
    for (const each of [all, elsewhere]) await store.webhooks.insert(each);

    const status = await store.events.append(job.id, 'status', { to: 'running' });
    await store.events.append(job.id, 'epoch', {});
    const undone = store.transaction(async (inside) => {
      await inside.events.append(job.id, 'status', {});
      throw new Error('undone');
    });
    await expect(undone).rejects.toThrow('undone');

    const [only, ...none] = await deliveries();
    expect(none).toEqual([]);
    expect(only).toMatchObject({
      id: status.id.replace('evt', 'msg'),
      type: 'job.status',
      jobId: job.id,
      sequence: 1,
      status: 'pending',
      attempts: 0,
    });
    const both = await deliveries(all.id);
    expect(both.map(({ id, sequence }) => [id, sequence])).toEqual([
      [only!.id, 1],
      [expect.any(String), 2],
    ]);
    expect(await deliveries(elsewhere.id)).toEqual([]);
    expect((await claim(store, webhook))[0]).toEqual({
      webhookId: webhook.id,
      id: only!.id,
      type: 'job.status',
      attempts: 1,
      createdAt: only!.createdAt,
      url: webhook.url,
      salt: webhook.salt,
      event: status,
    });
  });

  test('Of many who claim at once each delivery is one’s, one of a webhook at a time, in their order', async () => {
    const { store, job, webhook, deliveries } = await hooked('job.epoch');
    await store.events.append(job.id, 'epoch', { i: 0 });
    await store.events.appendAll(
      job.id,
      'epoch',
      [1, 2, 3, 4].map((i) => ({ i })),
    );
    const order: number[] = [];
    while (order.length < 5) {
      const claims = await Promise.all(Array.from({ length: 6 }, () => claim(store, webhook)));
      const [one, ...more] = claims.flat();
      expect(more).toEqual([]);
      order.push(one!.event!.data.i as number);
      await store.deliveries.settle(one!, DELIVERED);
    }
    expect(order).toEqual([0, 1, 2, 3, 4]);
    expect(await claim(store, webhook)).toEqual([]);
    for (const each of await deliveries()) {
      expect(each).toMatchObject({ status: 'delivered', attempts: 1, answer: 204, fault: null });
      expect(each.endedAt).toBeInstanceOf(Date);
    }
  });

  test('What its claimer doesn’t settle goes to another after the lease, and the first has no say any more', async () => {
    const { store, job, webhook, deliveries } = await hooked('job.status');
    await store.events.append(job.id, 'status', {});
    const [lost] = await claim(store, webhook, 50);
    expect(await claim(store, webhook)).toEqual([]);
    await sleep(80);
    const [current] = await claim(store, webhook);
    expect(current).toMatchObject({ id: lost!.id, attempts: 2 });
    await store.deliveries.settle(lost!, DELIVERED);
    expect((await deliveries())[0]).toMatchObject({ status: 'pending', attempts: 2, endedAt: null });
    expect(await claim(store, webhook)).toEqual([]);
    await store.deliveries.settle(current!, DELIVERED);
    await store.deliveries.settle(lost!, FAILED);
    expect((await deliveries())[0]).toMatchObject({ status: 'delivered', attempts: 2 });
  });

  test('After a failure a delivery waits, its webhook rests, and the next one may come before it', async () => {
    const { store, job, webhook, deliveries } = await hooked('job.epoch');
    for (let i = 0; i < 2; i++) await store.events.append(job.id, 'epoch', { i });
    const [first] = await claim(store, webhook);
    await store.deliveries.settle(first!, { ...FAILED, retryMs: LEASE_MS, quietMs: 100 });
    expect(await claim(store, webhook)).toEqual([]);
    await sleep(150);
    const [second] = await claim(store, webhook);
    expect(second!.event!.data).toEqual({ i: 1 });
    await store.deliveries.settle(second!, { ...FAILED, status: 'gaveUp', answer: 500, fault: null });
    const page = await store.deliveries.list(webhook.id, { status: 'gaveUp' }, PAGE);
    expect(page.data).toMatchObject([{ id: second!.id, answer: 500 }]);
    expect((await deliveries())[0]).toMatchObject({ status: 'pending', answer: null, fault: 'no one' });
    expect(await claim(store, webhook)).toEqual([]);
  });

  test('One that has ended can be sent again, and is forgotten after a time', async () => {
    const { store, webhook, deliveries } = await hooked('job.status');
    const id = newId('msg');
    await store.deliveries.insertTest(webhook.id, id);
    await store.deliveries.insertTest('hook_none', newId('msg'));
    expect(await store.deliveries.replay(webhook.id, id)).toBe(false);
    const [test] = await claim(store, webhook);
    expect(test).toMatchObject({ id, type: 'webhook.test', event: null });
    await store.deliveries.settle(test!, DELIVERED);
    expect(await store.deliveries.replay(webhook.id, id)).toBe(true);
    expect(await deliveries()).toMatchObject([{ status: 'pending', attempts: 0, endedAt: null }]);
    await store.deliveries.deleteEndedBefore(new Date(Date.now() + 60_000));
    expect(await deliveries()).toHaveLength(1);
    const [again] = await claim(store, webhook);
    await store.deliveries.settle(again!, DELIVERED);
    await store.deliveries.deleteEndedBefore(new Date(Date.now() - 60_000));
    expect(await deliveries()).toHaveLength(1);
    await store.deliveries.deleteEndedBefore(new Date(Date.now() + 60_000));
    expect(await store.deliveries.get(webhook.id, id)).toBeNull();
  });

  test('What has been due for too long is given up, of one webhook alone', async () => {
    const { store, job, webhook, deliveries } = await hooked('job.epoch');
    const other = await hooked('job.epoch');
    await other.store.events.append(other.job.id, 'epoch', {});
    for (let i = 0; i < 3; i++) await store.events.append(job.id, 'epoch', { i });
    const [first] = await claim(store, webhook);
    await store.deliveries.settle(first!, { ...FAILED, retryMs: LEASE_MS });
    await store.deliveries.giveUpDueBefore(webhook.id, new Date(Date.now() - LEASE_MS), 'too late');
    expect((await deliveries()).map(({ status }) => status)).toEqual(Array(3).fill('pending'));
    await store.deliveries.giveUpDueBefore(webhook.id, new Date(Date.now() + LEASE_MS / 2), 'too late');
    const [waits, ...overdue] = await deliveries();
    expect(waits).toMatchObject({ status: 'pending', fault: 'no one' });
    for (const each of overdue) expect(each).toMatchObject({ status: 'gaveUp', fault: 'too late' });
    expect(overdue.every(({ endedAt }) => endedAt instanceof Date)).toBe(true);
    expect(await other.deliveries()).toMatchObject([{ status: 'pending' }]);
  });

  test('A job goes on whose webhook is deleted at the same time', async () => {
    const { store, projectId, job, webhook } = await hooked('job.status');
    let append: Promise<unknown> | undefined;
    await store.transaction(async (inside) => {
      await inside.webhooks.delete(webhook.id, projectId);
      append = store.events.append(job.id, 'status', {});
      await sleep(100);
    });
    expect(await append).toMatchObject({ sequence: 1 });
  });

  test('Events come about while a delivery to their webhook is claimed', async () => {
    const { store, job, webhook, deliveries } = await hooked('job.status');
    await store.events.append(job.id, 'status', {});
    await store.transaction(async (inside) => {
      expect(await claim(inside, webhook)).toHaveLength(1);
      await store.events.append(job.id, 'status', {});
    });
    expect(await deliveries()).toHaveLength(2);
  });
}

function webhookRow(projectId: string, events: WebhookEvent[]): WebhookRow {
  return {
    id: newId('hook'),
    projectId,
    url: 'https://example.com/hook',
    events,
    description: null,
    salt: '00ff',
    createdAt: new Date(),
  };
}
