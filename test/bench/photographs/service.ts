import { Client } from '../../../apps/cli/client.ts';
import { DemoService } from '../../../apps/cli/demo/demo-service.ts';
import type { JobSpecInput } from '../../../src/spec/job.ts';
import type { EventResource } from '../../../src/spec/resource/event.ts';
import type { JobResource } from '../../../src/spec/resource/job.ts';

export interface Ended {
  readonly job: JobResource;
  readonly events: readonly EventResource[];
}

/** A service of the bench's own, asked over HTTP as anyone would. */
export class Service {
  readonly #service: DemoService;
  readonly #url: string;
  readonly #client: Client;

  private constructor(service: DemoService, url: string) {
    this.#service = service;
    this.#url = url;
    this.#client = new Client(url);
  }

  static async start(): Promise<Service> {
    const service = await DemoService.start();
    return new Service(service, await service.url());
  }

  async uploadZip(name: string, content: Buffer): Promise<string> {
    const headers = { 'content-type': 'application/zip' };
    return await this.#create(`/v1/datasets?${new URLSearchParams({ name })}`, { headers, body: content });
  }

  async importModel(form: FormData): Promise<string> {
    return await this.#create('/v1/models', { body: form });
  }

  /** Trains a job, and has every event of it told. @throws Error where it doesn't succeed */
  async train(spec: JobSpecInput): Promise<Ended> {
    const { id } = await this.#client.createJob(spec);
    const events: EventResource[] = [];
    for await (const event of this.#client.events(id)) events.push(event);
    const job = await this.#client.getJob(id);
    if (job.status !== 'succeeded') throw new Error(`${spec.name}: ${job.status}, ${job.failure?.message}`);
    return { job, events };
  }

  /** The end of its logs, to be shown when something went wrong. */
  lastWords(): Promise<string> {
    return this.#service.lastWords();
  }

  stop(): Promise<void> {
    return this.#service.stop();
  }

  async #create(path: string, init: RequestInit): Promise<string> {
    const response = await fetch(this.#url + path, { method: 'POST', ...init });
    if (response.status !== 201) throw new Error(`${path}: ${await response.text()}`);
    return ((await response.json()) as { id: string }).id;
  }
}
