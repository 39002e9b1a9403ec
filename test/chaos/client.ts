import { setTimeout as sleep } from 'node:timers/promises';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { EventResource } from '../../src/spec/resource/event.ts';
import { OPERATOR_KEY } from '../api-server.ts';

/** An API that lives answers within this time, whatever else is away. */
const ANSWER_MS = 15_000;
/** Nobody waits for longer: by then everything must have recovered. */
const PATIENCE_MS = 180_000;
const AGAIN_MS = 100;

interface Question {
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/**
 * A user with patience: asks again when a connection breaks or the answer is 503, another API where there are several,
 * and notes every answer that nobody should get.
 */
export class Client {
  /** 5xx that don't say when to come again, and silence. */
  readonly faults: string[] = [];
  /** How often each status was answered, and `none`. */
  readonly answers = new Map<string, number>();
  readonly #urls: readonly string[];
  #turn = 0;

  constructor(urls: readonly string[]) {
    this.#urls = urls;
  }

  /** The first answer that isn't 503. @throws Error when there is none in three minutes */
  async ask(path: string, question: Question = {}): Promise<Response> {
    for (const deadline = Date.now() + PATIENCE_MS; Date.now() < deadline; await sleep(AGAIN_MS)) {
      const response = await this.try(path, question);
      if (response !== null && response.status !== 503) return response;
      await response?.body?.cancel();
    }
    throw new Error(`nothing comes of ${question.method ?? 'GET'} ${path}`);
  }

  /** One answer; null where there was none. */
  async try(path: string, { method = 'GET', body, headers = {} }: Question = {}): Promise<Response | null> {
    const url = `${this.#urls[this.#turn++ % this.#urls.length]}${path}`;
    const json = body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' };
    const since = performance.now();
    try {
      const response = await fetch(url, {
        method,
        headers: { authorization: `Bearer ${OPERATOR_KEY}`, ...json, ...headers },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(ANSWER_MS),
      });
      this.#note(`${response.status}`);
      const says = response.headers.has('retry-after');
      if (response.status >= 500 && !(response.status === 503 && says)) {
        this.faults.push(`${method} ${path}: ${response.status} ${await response.clone().text()}`);
      }
      return response;
    } catch {
      this.#note('none');
      const seconds = (performance.now() - since) / 1000;
      if (seconds * 1000 >= ANSWER_MS - 100) this.faults.push(`${method} ${path}: silent for ${seconds} s`);
      return null;
    }
  }

  async json<T>(path: string, question: Question = {}): Promise<T> {
    const response = await this.ask(path, question);
    if (!response.ok) throw new Error(`${question.method ?? 'GET'} ${path}: ${await response.text()}`);
    return (await response.json()) as T;
  }

  /** Every event of a job, read from streams that go on where they broke, until the service says that there is no more. */
  async watch(jobId: string): Promise<EventResource[]> {
    const events: EventResource[] = [];
    for (const deadline = Date.now() + 10 * PATIENCE_MS; Date.now() < deadline; ) {
      const last = events.at(-1)?.sequence ?? 0;
      const response = await fetch(
        `${this.#urls[this.#turn++ % this.#urls.length]}/v1/jobs/${jobId}/events`,
        {
          headers: {
            authorization: `Bearer ${OPERATOR_KEY}`,
            accept: 'text/event-stream',
            'last-event-id': `${last}`,
          },
        },
      ).catch(() => null);
      if (response?.status === 204) return events;
      if (response?.status === 200) await readInto(events, response).catch(() => undefined);
      else await response?.body?.cancel();
      await sleep(AGAIN_MS);
    }
    throw new Error(`the events of ${jobId} don’t end`);
  }

  #note(answer: string): void {
    this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
  }
}

/** Until the stream ends or breaks. */
async function readInto(events: EventResource[], response: Response): Promise<void> {
  const messages = response
    .body!.pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream());
  for await (const { data } of messages) events.push(JSON.parse(data) as EventResource);
}
