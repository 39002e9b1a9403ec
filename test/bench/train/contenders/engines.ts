import { startBackend } from '../../../../src/engine/backends/start.ts';
import { createCompiledExecutor } from '../../../../src/engine/compile/compiled-executor.ts';
import { forwardOn } from '../../../../src/engine/compile/compiled-forward.ts';
import { openCrew, testGemm } from '../../../../src/engine/compile/start.ts';
import type { ForwardOf } from '../../../../src/engine/predict/forward.ts';
import { predictMonteCarlo } from '../../../../src/engine/predict/predict.ts';
import { createEagerExecutor } from '../../../../src/engine/train/eager-executor.ts';
import type { Executor } from '../../../../src/engine/train/executor.ts';
import type { compileStage } from '../../../../src/engine/train/stage-program.ts';

/** Ours, as one of its executors computes. */
export interface Engine {
  createExecutor(stage: ReturnType<typeof compileStage>): Executor | Promise<Executor>;
  readonly predictMonteCarlo: typeof predictMonteCarlo;
  /** What sends rows through a network; tfjs when left out. */
  readonly forwardOf?: ForwardOf;
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

/** @param gemm whichever is fastest here, or the program's own */
async function startCompiled(threads: number, gemm: 'fastest' | 'wasm'): Promise<Engine> {
  const { name } = await startBackend('wasm');
  const report = await testGemm(gemm === 'fastest' ? 'auto' : 'wasm');
  const crew = await openCrew({ threads, gemm: report.chosen });
  const forwardOf = forwardOn(crew);
  return {
    createExecutor: ({ program, keysAt }) => createCompiledExecutor(program, keysAt, crew),
    forwardOf,
    predictMonteCarlo,
    about: `${report.chosen} at ${Math.round(report.gflops)} GFLOP/s beside ${name}`,
  };
}
