import { type IncomingMessage, request as overHttp, type RequestOptions } from 'node:http';
import { request as overHttps } from 'node:https';
import type { LookupFunction } from 'node:net';
import { Transform } from 'node:stream';
import { urlRefused } from '../../jobs/errors.ts';
import { ANSWER_MS, type Download, type Outbound, type SignedMessage } from '../../jobs/ports.ts';
import { faultOfAddress } from '../../spec/web-address.ts';
import { createGuard } from './guard.ts';
import { inWords, SilenceError } from './in-words.ts';
import { signatureHeaders } from './sign.ts';

export interface OutboundOptions {
  /** Hosts that may be asked though they aren’t public: names, addresses, and ranges such as `10.0.0.0/8`. */
  readonly allowedPrivateHosts: readonly string[];
  /** How names become addresses: by the system, when left out. */
  readonly lookup?: LookupFunction;
  /** After so long a silence a download is given up: while it connects, waits for an answer, or streams. */
  readonly idleMs?: number;
  /** The longest that a download may take, redirects and all. */
  readonly downloadMs?: number;
  /** The longest that the answer to a message may take. */
  readonly answerMs?: number;
}

interface Asked extends Pick<RequestOptions, 'method' | 'headers'> {
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly idleMs: number;
}

const IDLE_MS = 30_000;
const DOWNLOAD_MS = 30 * 60_000;
const MOST_REDIRECTS = 5;
/** A compressed answer would be a file other than the one that lies there. */
const HEADERS = { 'user-agent': 'trainyard', accept: '*/*', 'accept-encoding': 'identity' };
const MESSAGE_HEADERS = { 'user-agent': 'trainyard', 'content-type': 'application/json' };
const REDIRECTS: readonly (number | undefined)[] = [301, 302, 303, 307, 308];

/**
 * Asks other hosts, and none that isn’t public, unless the operator allows it; redirects are no way around. Of what is
 * refused only the host’s name is told: neither whether something listens inside, nor what it would say.
 */
export function createOutbound(options: OutboundOptions): Outbound {
  const { allowedPrivateHosts, lookup } = options;
  const { idleMs = IDLE_MS, downloadMs = DOWNLOAD_MS, answerMs = ANSWER_MS } = options;
  const guard = createGuard({ allowed: allowedPrivateHosts, lookup });
  return { check, download, deliver };

  async function check(address: string): Promise<void> {
    const url = parse(address);
    await guard.check(url).catch((error) => {
      throw inWords(url, error);
    });
  }

  async function download(
    address: string,
    { maxBytes, signal }: { maxBytes: number; signal: AbortSignal },
  ): Promise<Download> {
    const whole = AbortSignal.any([signal, AbortSignal.timeout(downloadMs)]);
    const asked = { method: 'GET', headers: HEADERS, idleMs, signal: whole };
    let url = parse(address);
    for (let redirects = 0; redirects <= MOST_REDIRECTS; redirects++) {
      const response = await send(url, asked);
      const next = redirectOf(response, url);
      if (next === undefined) return accept(response, { url, maxBytes, signal: whole });
      url = next;
    }
    throw urlRefused(`The address redirects more than ${MOST_REDIRECTS} times`);
  }

  /** What the answer says besides its status is nobody’s business. */
  async function deliver({ url: address, id, body, secret }: SignedMessage): Promise<number> {
    const headers = { ...MESSAGE_HEADERS, ...signatureHeaders({ id, body, secret }) };
    const signal = AbortSignal.timeout(answerMs);
    const response = await send(parse(address), { method: 'POST', headers, body, signal, idleMs: answerMs });
    response.destroy();
    return response.statusCode!;
  }

  /** Resolves with the head of the answer. Every hop is a request of its own, guarded anew. */
  async function send(url: URL, { signal, idleMs, body, ...asked }: Asked): Promise<IncomingMessage> {
    try {
      return await new Promise((resolve, reject) => {
        const request = url.protocol === 'https:' ? overHttps : overHttp;
        const sent = request(url, { ...asked, signal, agent: guard.agentFor(url) });
        let response: IncomingMessage | undefined;
        sent.setTimeout(idleMs, () => (response ?? sent).destroy(new SilenceError(idleMs)));
        sent.on('error', reject);
        sent.on('response', (answer) => {
          response = answer;
          resolve(answer);
        });
        sent.end(body);
      });
    } catch (error) {
      throw inWords(url, signal.aborted ? signal.reason : error);
    }
  }
}

/** @throws TrainyardError invalidUrl */
function parse(address: string): URL {
  const fault = faultOfAddress(address);
  if (fault !== undefined) throw urlRefused(fault);
  return new URL(address);
}

/** Where an answer leads on; undefined where it is no redirect. */
function redirectOf(response: IncomingMessage, from: URL): URL | undefined {
  const { location } = response.headers;
  if (!REDIRECTS.includes(response.statusCode) || location === undefined) return undefined;
  response.destroy();
  if (URL.canParse(location, from.href)) return parse(new URL(location, from.href).href);
  throw urlRefused(`“${from.hostname}” redirects to what is no address`);
}

interface Bounds {
  readonly url: URL;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/** @throws TrainyardError invalidUrl for an answer that is no file */
function accept(response: IncomingMessage, { url, maxBytes, signal }: Bounds): Download {
  const { statusCode = 0, headers } = response;
  const refuse = (message: string): never => {
    response.destroy();
    throw urlRefused(message);
  };
  if (statusCode < 200 || statusCode > 299) refuse(`“${url.hostname}” answers ${statusCode}`);
  if (!/^(identity)?$/.test(headers['content-encoding'] ?? ''))
    refuse(`“${url.hostname}” sends it with a content encoding, which wasn’t asked for`);
  if (Number(headers['content-length'] ?? 0) > maxBytes) refuse(tooLarge(maxBytes));
  const mediaType = (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  return { url, mediaType, content: bounded(response, { url, maxBytes, signal }) };
}

/** What an answer streams, up to so many bytes. Ends the request when it is destroyed. */
function bounded(response: IncomingMessage, { url, maxBytes, signal }: Bounds): Transform {
  let bytes = 0;
  const content = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > maxBytes) done(urlRefused(tooLarge(maxBytes)));
      else done(null, chunk);
    },
    destroy(error, done) {
      response.destroy();
      done(error);
    },
  });
  response.on('error', (error) =>
    content.destroy(inWords(url, signal.aborted ? signal.reason : error) as Error),
  );
  return response.pipe(content);
}

function tooLarge(maxBytes: number): string {
  return `What lies at the address has more than the ${maxBytes} bytes that are allowed`;
}
