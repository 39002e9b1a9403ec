import { expect, it } from 'vitest';
import { createEventFeed } from '../../../apps/api/event-feed.ts';

it('says that it still watches, however often it is woken for nothing', async () => {
  let hint: (jobId: string) => void = () => {};
  const store = {
    events: { list: async () => [] },
    onJobChanged: (listener: typeof hint) => {
      hint = listener;
      return () => {};
    },
  } as unknown as Parameters<typeof createEventFeed>[0];
  const closing = new AbortController();
  const feed = createEventFeed(store, closing.signal);
  const waking = setInterval(() => hint('job_1'), 20);
  const batches: unknown[] = [];
  for await (const events of feed.follow('job_1', 0, 100, new AbortController().signal)) {
    batches.push(events);
    if (batches.length === 2) closing.abort();
  }
  clearInterval(waking);
  expect(batches).toEqual([[], []]);
}, 2_000);
