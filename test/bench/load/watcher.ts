import { get, type IncomingMessage } from 'node:http';
import { createParser } from 'eventsource-parser';
import { isTerminal } from '../../../src/jobs/lifecycle.ts';
import type { EventResource } from '../../../src/spec/resource/event.ts';
import type { JobStatus } from '../../../src/spec/resource/job.ts';
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
  #isEnded = false;

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

  /** What a watcher missed or was told twice, of a job that has ended; its last event says so. */
  get faults(): { lost: number; doubled: number } {
    const told = new Set(this.sequences);
    const missed = Math.max(...told) - told.size;
    return { lost: missed + (this.#isEnded ? 0 : 1), doubled: this.sequences.length - told.size };
  }

  #take(sequence: number, data: string): void {
    this.sequences.push(sequence);
    const event: EventResource = JSON.parse(data);
    const createdAt = Date.parse(event.createdAt);
    if (createdAt >= this.#since) this.latencies.push(Date.now() - createdAt);
    if (event.type === 'status') this.#isEnded = isTerminal(event.data.to as JobStatus);
  }
}
