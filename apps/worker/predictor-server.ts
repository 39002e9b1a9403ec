import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { InputError } from '../../src/data/encode-inputs.ts';
import { NotStochasticError } from '../../src/engine/predict/predict.ts';
import { PredictorRequest } from '../../src/spec/predictor.ts';
import { answerPrediction, NoTaskError } from './answer-prediction.ts';
import type { ModelCache } from './model-cache.ts';
import { isOutOfMemory } from './trainer-failure.ts';

/** The API has bounded the request before; this only keeps a stray sender from filling the memory. */
const MAX_BODY_BYTES = 64 * 2 ** 20;

/** `POST /predict` with the internal token as bearer; `GET /health`. */
export function createPredictorServer({ token, models }: { token: string; models: ModelCache }): Server {
  return createServer((request, response) => {
    handle(request, response).catch((error) => {
      console.error(error);
      send(response, 500, { code: 'internal', detail: 'The prediction failed' });
      // WebAssembly that ran out of memory computes nothing any more; another process will.
      if (isOutOfMemory(error)) response.once('close', () => process.exit(1));
    });
  });

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method === 'GET' && request.url === '/health') return send(response, 200, { status: 'ok' });
    if (request.method !== 'POST' || request.url !== '/predict')
      return send(response, 404, { code: 'notFound' });
    if (!authorized(request.headers.authorization, token))
      return send(response, 401, { code: 'unauthorized' });
    const body = await readBody(request);
    if (body === null) return send(response, 413, { code: 'tooLarge', detail: 'The request is too large' });
    const { modelId, blobKey, request: asked } = PredictorRequest.parse(JSON.parse(body));
    try {
      const answer = await models.use(blobKey, (model) => answerPrediction(modelId, model, asked));
      send(response, 200, answer);
    } catch (error) {
      if (error instanceof InputError) {
        return send(response, 422, { code: 'invalidInput', detail: error.message, errors: error.errors });
      }
      if (error instanceof NotStochasticError) {
        const errors = [{ pointer: '/mcDropout', message: error.message }];
        return send(response, 422, { code: 'notStochastic', detail: error.message, errors });
      }
      if (error instanceof NoTaskError) return send(response, 422, { code: 'noTask', detail: error.message });
      throw error;
    }
  }
}

/** Compares hashes, which have one length, so that the time tells nothing of the token. */
function authorized(header: string | undefined, token: string): boolean {
  const hash = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(header ?? ''), hash(`Bearer ${token}`));
}

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function send(response: ServerResponse, status: number, body: unknown): void {
  // Before the head: a text too long for V8 throws here.
  const text = JSON.stringify(body);
  response.writeHead(status, { 'content-type': 'application/json' }).end(text);
}
