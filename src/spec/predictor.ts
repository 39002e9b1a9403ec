import { z } from 'zod';
import { GemmReport } from './compilation.ts';
import { PredictionRequest } from './prediction.ts';

/** What a worker and its predictor child say to each other, and what the API asks a predictor over HTTP. */

/** Worker → predictor, over IPC. `fetched` and `fetchFailed` answer a `fetch` of the same id. */
export const PredictorCommand = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('start'),
    host: z.string(),
    token: z.string(),
    backend: z.string(),
    /** What is to multiply matrices, or `auto` for what is fastest here; null where nothing is compiled. */
    gemm: z.string().nullable(),
  }),
  z.strictObject({ type: z.literal('fetched'), id: z.int(), path: z.string() }),
  z.strictObject({ type: z.literal('fetchFailed'), id: z.int(), message: z.string() }),
]);
export type PredictorCommand = z.infer<typeof PredictorCommand>;

/** Predictor → worker. `ready` comes once, `failed` is its last word when it can't start. */
export const PredictorMessage = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('ready'),
    port: z.int(),
    backend: z.string(),
    device: z.string(),
    /** What the self-test found of multiplying matrices, where it was made. */
    gemm: GemmReport.nullable(),
  }),
  z.strictObject({ type: z.literal('fetch'), id: z.int(), blobKey: z.string() }),
  z.strictObject({ type: z.literal('failed'), message: z.string() }),
]);
export type PredictorMessage = z.infer<typeof PredictorMessage>;

/** The body of `POST /predict`; the answer is a PredictionResponse or a problem. */
export const PredictorRequest = z.strictObject({
  modelId: z.string(),
  blobKey: z.string(),
  request: PredictionRequest,
});
export type PredictorRequest = z.infer<typeof PredictorRequest>;
