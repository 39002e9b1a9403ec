import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  readonly url: string;
  readonly method: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Another host, on this machine: it answers as it is told, and keeps what it was asked. */
export class Receiver {
  readonly received: Received[] = [];
  readonly port: number;
  /** How it answers; may be changed meanwhile. */
  answer: RequestListener;
  readonly #server: Server;

  private constructor(server: Server, answer: RequestListener) {
    this.#server = server;
    this.answer = answer;
    this.port = (server.address() as AddressInfo).port;
    server.on('request', (request, response) => {
      const { url = '', method = '', headers } = request;
      const chunks: Buffer[] = [];
      request.on('data', (chunk) => chunks.push(chunk));
      request.on('end', () => {
        this.received.push({ url, method, headers, body: Buffer.concat(chunks).toString() });
        this.answer(request, response);
      });
    });
  }

  static async start(
    answer: RequestListener = (_request, response) => response.end(),
    port = 0,
  ): Promise<Receiver> {
    const server = createServer().listen(port, '127.0.0.1');
    await once(server, 'listening');
    return new Receiver(server, answer);
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
