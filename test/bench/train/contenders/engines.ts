import { startBackend } from '../../../../src/engine/backends/start.ts';
import { predictMonteCarlo } from '../../../../src/engine/predict/predict.ts';
import { createEagerExecutor } from '../../../../src/engine/train/eager-executor.ts';
import type { Executor } from '../../../../src/engine/train/executor.ts';
import type { compileStage } from '../../../../src/engine/train/stage-program.ts';

/** Ours, as one of its executors computes. */
export interface Engine {
  createExecutor(stage: ReturnType<typeof compileStage>): Executor | Promise<Executor>;
  readonly predictMonteCarlo: typeof predictMonteCarlo;
  /** What is worth telling, of how it computes here. */
  readonly about?: string;
}

/** Each is started in a process of its own; a message says why one can't be. */
export const ENGINES: Readonly<Record<string, (threads: number) => Promise<Engine>>> = {
  eager: startEager,
  compiled: (threads) => startCompiled(threads, 'fastest'),
  'compiled-wasm': (threads) => startCompiled(threads, 'wasm'),
};

async function startEager(): Promise<Engine> {
  const { name } = await startBackend('wasm');
  const createExecutor: Engine['createExecutor'] = ({ program, keysAt }) =>
    createEagerExecutor(program, keysAt);
  return { createExecutor, predictMonteCarlo, about: name };
}

/**
 * @param threads replicas
 * @param gemm whichever is fastest here, or the program's own
 */
async function startCompiled(_threads: number, _gemm: 'fastest' | 'wasm'): Promise<Engine> {
  throw new Error('not there yet');
}
