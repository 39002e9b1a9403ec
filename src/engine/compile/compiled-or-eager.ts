import type { LayerKeys } from '../model/random-source.ts';
import { createEagerExecutor } from '../train/eager-executor.ts';
import type { CreateExecutor, Executor, ExecutorState } from '../train/executor.ts';
import type { StepProgram } from '../train/train-step.ts';
import { createCompiledExecutor } from './compiled-executor.ts';
import { UnrecordableError } from './record/recorder.ts';
import type { Crew } from './run/crew.ts';
import { NoRoomError } from './run/machine.ts';

/** Hears why a stage is computed op by op. */
export type OnEager = (reason: string) => Promise<void>;

/** Compiled executors on a crew; of what can't be compiled, or has no room, eager ones. */
export function compiledOrEager(crew: Crew, onEager: OnEager): CreateExecutor {
  return (program, keysAt) => new CompiledOrEager(program, keysAt, crew, onEager);
}

class CompiledOrEager implements Executor {
  readonly #program: StepProgram;
  readonly #keysAt: (step: number) => LayerKeys;
  readonly #onEager: OnEager;
  #executor: Executor;
  #isEager = false;

  constructor(program: StepProgram, keysAt: (step: number) => LayerKeys, crew: Crew, onEager: OnEager) {
    this.#program = program;
    this.#keysAt = keysAt;
    this.#onEager = onEager;
    this.#executor = createCompiledExecutor(program, keysAt, crew);
  }

  load(state: ExecutorState): void {
    this.#executor.load(state);
  }

  step: Executor['step'] = (batch, moment) => this.#orEager((executor) => executor.step(batch, moment));

  evaluate: Executor['evaluate'] = (batch) => this.#orEager((executor) => executor.evaluate(batch));

  save(): Promise<ExecutorState> {
    return this.#executor.save();
  }

  dispose(): void {
    this.#executor.dispose();
  }

  async #orEager<T>(work: (executor: Executor) => Promise<T>): Promise<T> {
    try {
      return await work(this.#executor);
    } catch (error) {
      const reason = this.#isEager ? null : reasonOf(error);
      if (reason === null) throw error;
      await this.#becomeEager(reason);
      return work(this.#executor);
    }
  }

  /** Nothing of the state has changed: a program is compiled before it runs. */
  async #becomeEager(reason: string): Promise<void> {
    const state = await this.#executor.save();
    this.#executor.dispose();
    this.#executor = createEagerExecutor(this.#program, this.#keysAt);
    this.#executor.load(state);
    this.#isEager = true;
    await this.#onEager(reason);
  }
}

/** Why something can't be compiled; null for what is no reason to go on without. */
export function reasonOf(error: unknown): string | null {
  return error instanceof UnrecordableError || error instanceof NoRoomError ? error.message : null;
}
