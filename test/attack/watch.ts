import { readFile, writeFile } from 'node:fs/promises';
import { Agent, type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { OPERATOR_KEY } from '../api-server.ts';
import type { ApiProcess } from '../fuzz/service.ts';

/** A request that means harm. */
export interface Attack {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Made when it is sent; endless ones end when the service hangs up. */
  body(): Iterable<Uint8Array | string>;
}

/** What became of it, and of the process that it was sent to. */
export interface Damage {
  readonly status: number;
  readonly answer: string;
  readonly seconds: number;
  /** How much more memory than before the process held at the worst. */
  readonly grownMiB: number;
  /** The longest that `GET /health/live` took meanwhile. */
  readonly blockedMs: number;
}

const PROBE_EVERY_MS = 20;

/** @throws Error when there is no answer */
export async function suffer(api: ApiProcess, attack: Attack): Promise<Damage> {
  const body = attack.body();
  const before = await memoryOf(api, 'VmRSS');
  await forgetPeak(api);
  const probe = probing(api);
  const startedAt = performance.now();
  const { status, answer } = await send(api, attack, body).finally(() => probe.stop());
  const seconds = (performance.now() - startedAt) / 1_000;
  const blockedMs = await probe.stop();
  return { status, answer, seconds, blockedMs, grownMiB: (await memoryOf(api, 'VmHWM')) - before };
}

async function memoryOf(api: ApiProcess, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  const status = await readFile(`/proc/${api.pid}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s*(\\d+) kB`).exec(status)![1]) / 1024;
}

/** The kernel’s: from here on `VmHWM` is the most since now. */
function forgetPeak(api: ApiProcess): Promise<void> {
  return writeFile(`/proc/${api.pid}/clear_refs`, '5');
}

function probing(api: ApiProcess): { stop(): Promise<number> } {
  const agent = new Agent({ keepAlive: true });
  let isDone = false;
  let longest = 0;
  const done = (async () => {
    while (!isDone) {
      const at = performance.now();
      await new Promise<void>((resolve, reject) => {
        const sent = request(`${api.url}/health/live`, { agent }, (response) => {
          response.resume().on('end', resolve);
        });
        sent.on('error', reject).end();
      });
      longest = Math.max(longest, performance.now() - at);
      await sleep(PROBE_EVERY_MS);
    }
  })();
  return {
    async stop() {
      isDone = true;
      await done;
      agent.destroy();
      return longest;
    },
  };
}

function send(
  api: ApiProcess,
  { path, headers }: Attack,
  body: ReturnType<Attack['body']>,
): Promise<{ status: number; answer: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${api.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${OPERATOR_KEY}`, ...headers },
    });
    const source = Readable.from(body, { objectMode: true });
    let response: IncomingMessage | undefined;
    sent.on('response', async (answered) => {
      response = answered;
      source.destroy();
      const chunks: Buffer[] = [];
      for await (const chunk of answered) chunks.push(chunk);
      sent.destroy();
      resolve({ status: answered.statusCode!, answer: Buffer.concat(chunks).toString() });
    });
    // Who is refused is hung up on, in the middle of what they send.
    sent.on('error', (error) => response ?? reject(error));
    source.on('error', () => {});
    source.pipe(sent);
  });
}
