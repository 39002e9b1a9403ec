import { eventResource } from '../../src/jobs/event-resource.ts';
import { isTerminal } from '../../src/jobs/lifecycle.ts';
import type { EventRow } from '../../src/jobs/rows.ts';
import { JobStatus } from '../../src/spec/resource/job.ts';
import { EVENTS_AT_ONCE, type EventFeed } from './event-feed.ts';

/** Proxies and clients drop a connection on which nothing is said for long; a comment is something. */
const HEARTBEAT_MS = 15_000;
/** How long a client waits before it connects again. */
const RETRY_MS = 2_000;

/**
 * A job's events as server-sent events (WHATWG HTML, 9.2): `id` is the sequence number, `event` the type, `data`
 * the event as JSON. When the job has ended and all is told, the stream ends.
 */
export async function* eventStream(
  feed: EventFeed,
  jobId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let ended = false;
  yield `retry: ${RETRY_MS}\n\n`;
  for await (const events of feed.follow(jobId, after, HEARTBEAT_MS, signal)) {
    yield events.length === 0 ? ': still here\n\n' : events.map(frame).join('');
    ended = endsJob(events) ?? ended;
    if (ended && events.length < EVENTS_AT_ONCE) return; // an empty batch comes after a full one
  }
}

function frame(row: EventRow): string {
  return `id: ${row.sequence}\nevent: ${row.type}\ndata: ${JSON.stringify(eventResource(row))}\n\n`;
}

/** Whether the last status told here is a final one; undefined where none is told. */
function endsJob(events: readonly EventRow[]): boolean | undefined {
  const last = events.findLast(({ type }) => type === 'status');
  return last && isTerminal(JobStatus.parse(last.data.to));
}
