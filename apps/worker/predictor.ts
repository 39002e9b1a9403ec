import type { Device } from '../../src/engine/backends/port.ts';
import { gradientSelfTest } from '../../src/engine/backends/self-test.ts';
import { type BackendChoice, startBackend } from '../../src/engine/backends/start.ts';
import { forwardOn } from '../../src/engine/compile/compiled-forward.ts';
import type { GemmPreference } from '../../src/engine/compile/gemm/choose-gemm.ts';
import { compiles, openCrew, testGemm } from '../../src/engine/compile/start.ts';
import type { GemmReport } from '../../src/spec/compilation.ts';
import { PredictorCommand, type PredictorMessage } from '../../src/spec/predictor.ts';
import { createModelCache } from './model-cache.ts';
import { createPredictorServer } from './predictor-server.ts';

/**
 * The predictor: a worker's child that answers predictions over internal HTTP, with its models warm. It talks to
 * its worker over IPC, and asks it for the files of models it has not loaded yet.
 */

const fetches = new Map<number, PromiseWithResolver>();
let nextFetch = 1;

interface PromiseWithResolver {
  resolve(path: string): void;
  reject(error: Error): void;
}

process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(0));

process.on('message', (message) => {
  const command = PredictorCommand.parse(message);
  if (command.type === 'start') void start(command);
  else settle(command);
});

async function start(command: Extract<PredictorCommand, { type: 'start' }>): Promise<void> {
  const { backend, host, token } = command;
  try {
    const device = await startBackend(backend as BackendChoice);
    await gradientSelfTest();
    // A GPU's backend is faster by itself.
    const gemm =
      compiles(device) && command.gemm !== null ? await testGemm(command.gemm as GemmPreference) : null;
    const crew = gemm && (await openCrew({ threads: 1, gemm: gemm.chosen }));
    const models = createModelCache(fetchBlob, { forwardOf: crew ? forwardOn(crew) : undefined });
    const server = createPredictorServer({ token, models });
    server.listen(0, host, () => {
      const { port } = server.address() as { port: number };
      tell({ type: 'ready', port, backend: device.backend, device: named(device, gemm), gemm });
    });
  } catch (error) {
    console.error(error);
    tell({ type: 'failed', message: (error as Error).message });
    process.exitCode = 1;
    process.disconnect();
  }
}

/** What the device is, and what multiplies on it. */
function named({ name }: Device, gemm: GemmReport | null): string {
  return gemm ? `${name}, ${gemm.chosen} at ${Math.round(gemm.gflops)} GFLOP/s` : name;
}

/** The local path of a blob's content, which the worker brings. */
function fetchBlob(blobKey: string): Promise<string> {
  const id = nextFetch++;
  return new Promise((resolve, reject) => {
    fetches.set(id, { resolve, reject });
    tell({ type: 'fetch', id, blobKey });
  });
}

function settle(answer: Exclude<PredictorCommand, { type: 'start' }>): void {
  const waiting = fetches.get(answer.id);
  fetches.delete(answer.id);
  if (answer.type === 'fetched') waiting?.resolve(answer.path);
  else waiting?.reject(new Error(answer.message));
}

function tell(message: PredictorMessage): void {
  process.send!(message);
}
