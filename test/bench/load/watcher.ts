import { get, type IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import type { Service } from './service.ts';

/** Watches one job's events by a connection of its own. */
export class Watcher {
  /** Of the events that came, in the order in which they came. */
  readonly sequences: number[] = [];
  /** From an event's being made to its being here, in milliseconds; of those made since the watcher was here. */
  readonly latencies: number[] = [];
  /** Resolves when the stream has ended. */
  readonly ended: Promise<void>;
  readonly #response: IncomingMessage;
  readonly #since = Date.now();

  private constructor(response: IncomingMessage) {
    this.#response = response;
    const parser = createParser({ onEvent: ({ id, data }) => this.#take(Number(id), data) });
    response.setEncoding('utf8').on('data', (chunk: string) => parser.feed(chunk));
    this.ended = new Promise((resolve) => response.once('close', resolve));
  }

  static open({ api, headers }: Service, jobId: string): Promise<Watcher> {
    return new Promise((resolve, reject) => {
      const asked = { headers: { ...headers, accept: 'text/event-stream' }, agent: false as const };
      get(`${api.url}/v1/jobs/${jobId}/events`, asked, (response) => {
        if (response.statusCode === 200) resolve(new Watcher(response));
        else reject(new Error(`A watcher was answered ${response.statusCode}`));
      }).once('error', reject);
    });
  }

  close(): void {
    this.#response.destroy();
  }

  /** Events that a watcher who came before the first of them missed, or was told twice. */
  get faults(): { lost: number; doubled: number } {
    const told = new Set(this.sequences);
    return {
      lost: Math.max(0, ...told) - told.size,
      doubled: this.sequences.length - told.size,
    };
  }

  #take(sequence: number, data: string): void {
    this.sequences.push(sequence);
    const createdAt = Date.parse(JSON.parse(data).createdAt);
    if (createdAt >= this.#since) this.latencies.push(Date.now() - createdAt);
  }
}
