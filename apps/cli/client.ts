import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { JobSpecInput } from '../../src/spec/job.ts';
import type { PredictionRequest, PredictionResponse } from '../../src/spec/prediction.ts';
import type { DatasetResource } from '../../src/spec/resource/dataset.ts';
import type { EventResource } from '../../src/spec/resource/event.ts';
import type { JobResource } from '../../src/spec/resource/job.ts';
import type { Problem } from '../../src/spec/resource/problem.ts';
import { CommandError } from './command-error.ts';

/** The public HTTP API, as a client sees it. Every method throws CommandError with what the service answered. */
export class Client {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async uploadCsv(name: string, csv: string): Promise<DatasetResource> {
    const path = `/v1/datasets?${new URLSearchParams({ name })}`;
    const response = await this.#request(path, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: csv,
    });
    return (await response.json()) as DatasetResource;
  }

  async createJob(spec: JobSpecInput): Promise<JobResource> {
    return (await this.#postJson('/v1/jobs', spec)) as JobResource;
  }

  async getJob(id: string): Promise<JobResource> {
    return (await (await this.#request(`/v1/jobs/${id}`)).json()) as JobResource;
  }

  async predict(modelId: string, request: Partial<PredictionRequest>): Promise<PredictionResponse> {
    return (await this.#postJson(`/v1/models/${modelId}/predictions`, request)) as PredictionResponse;
  }

  /** Every event of a job, from its first, until the job has ended; picks up again where a stream broke. */
  async *events(jobId: string): AsyncGenerator<EventResource> {
    let last = 0;
    for (let job = await this.getJob(jobId); ; job = await this.getJob(jobId)) {
      for await (const event of this.#eventStream(jobId, last)) {
        last = event.sequence;
        yield event;
      }
      if (job.finishedAt !== null) return;
    }
  }

  async *#eventStream(jobId: string, after: number): AsyncGenerator<EventResource> {
    const headers = { accept: 'text/event-stream', 'last-event-id': String(after) };
    const response = await this.#request(`/v1/jobs/${jobId}/events`, { headers });
    // 204: the job has ended, and all was told before.
    if (response.body === null) return;
    const messages = response.body
      .pipeThrough(new TextDecoderStream())
      .pipeThrough(new EventSourceParserStream());
    for await (const { data } of messages) yield JSON.parse(data) as EventResource;
  }

  async #postJson(path: string, body: unknown): Promise<unknown> {
    const headers = { 'content-type': 'application/json' };
    const response = await this.#request(path, { method: 'POST', headers, body: JSON.stringify(body) });
    return await response.json();
  }

  async #request(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(this.#url + path, init);
    if (response.ok) return response;
    const problem = (await response.json()) as Problem;
    const faults = (problem.errors ?? []).map(({ pointer, message }) => `\n  ${pointer}: ${message}`);
    throw new CommandError(`${problem.title}: ${problem.detail ?? ''}${faults.join('')}`);
  }
}
