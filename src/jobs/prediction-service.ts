import { createHash } from 'node:crypto';
import { type PredictionRequest, PredictionResponse } from '../spec/prediction.ts';
import { Problem } from '../spec/resource/problem.ts';
import { ERRORS, type ErrorCode, TrainyardError } from './errors.ts';
import type { Store } from './ports.ts';
import type { ModelRow, WorkerRow } from './rows.ts';
import type { PredictionService } from './services.ts';

interface Dependencies {
  store: Pick<Store, 'workers'>;
  /** Shown to the predictors as a bearer token. */
  internalToken: string;
  /** Workers that were silent for longer aren’t asked. */
  leaseMs: number;
}

/** What a predictor answers: the prediction, or what is wrong with the request. */
const PredictorProblem = Problem.pick({ code: true, detail: true, errors: true }).loose();

/** A request that breaks predictors breaks no more than these. */
const MAX_TRIES = 3;
const RETRY_AFTER_SECONDS = 2;
const TIMEOUT_MS = 100_000;

export function createPredictionService({ store, internalToken, leaseMs }: Dependencies): PredictionService {
  return { predict };

  async function predict(
    model: ModelRow,
    request: PredictionRequest,
    signal?: AbortSignal,
  ): Promise<PredictionResponse> {
    if (model.task === 'pairs')
      throw new TrainyardError(
        'noPredictions',
        'The model was trained to compare pairs; let another job take over its layers and predict',
      );
    const workers = await store.workers.alive(new Date(Date.now() - leaseMs));
    const body = JSON.stringify({ modelId: model.id, blobKey: model.blobKey, request });
    for (const url of predictorsFor(model.id, workers).slice(0, MAX_TRIES)) {
      const answer = await ask(url, body, signal);
      if (answer !== undefined) return read(answer);
    }
    throw new TrainyardError('unavailable', 'No worker that can predict is up', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }

  /** Undefined where this predictor can’t be reached or breaks off: then the next one is worth asking. */
  async function ask(url: string, body: string, signal?: AbortSignal): Promise<Answer | undefined> {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    try {
      const response = await fetch(new URL('/predict', url), {
        method: 'POST',
        headers: { authorization: `Bearer ${internalToken}`, 'content-type': 'application/json' },
        body,
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
      });
      if (response.status === 503) return undefined;
      return { ok: response.ok, status: response.status, body: await response.json() };
    } catch (error) {
      signal?.throwIfAborted();
      if (!timeout.aborted) return undefined;
      throw new TrainyardError('unavailable', 'The prediction took too long; ask for less at once', {
        retryAfterSeconds: RETRY_AFTER_SECONDS,
        cause: error,
      });
    }
  }
}

interface Answer {
  ok: boolean;
  status: number;
  body: unknown;
}

/** @throws TrainyardError what the predictor refused, as it says it */
function read({ ok, status, body }: Answer): PredictionResponse {
  if (ok) return PredictionResponse.parse(body);
  const problem = PredictorProblem.safeParse(body);
  if (status < 500 && problem.success && problem.data.code in ERRORS) {
    const { code, detail, errors } = problem.data;
    throw new TrainyardError(code as ErrorCode, detail ?? '', { errors: errors ?? [] });
  }
  throw new TrainyardError('internal', 'The predictor failed', { cause: new Error(JSON.stringify(body)) });
}

/**
 * The predictors in the order in which this model asks them: by the hash of worker and model, the highest
 * first (rendezvous hashing, Thaler and Ravishankar 1998), so that a model stays where it is already loaded,
 * and moves only when its worker goes.
 */
function predictorsFor(modelId: string, workers: readonly WorkerRow[]): string[] {
  return workers
    .flatMap(({ id, predictorUrl }) =>
      predictorUrl === null ? [] : [{ url: predictorUrl, weight: weigh(id, modelId) }],
    )
    .sort((a, b) => Buffer.compare(b.weight, a.weight))
    .map(({ url }) => url);
}

function weigh(workerId: string, modelId: string): Buffer {
  return createHash('sha256').update(`${workerId}/${modelId}`).digest();
}
