import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { DividedPlan } from '../plan/divide.ts';
import type { Call } from './call.ts';
import { END, FETCH, type FollowerData, type FollowerProgram } from './follower-protocol.ts';
import { compileNests, link, nestFunctions } from './link.ts';
import type { Machine } from './machine.ts';
import { RENDEZVOUS_INTEGERS, Rendezvous } from './rendezvous.ts';

/** A program that is ready to run. */
export interface Linked {
  measure(): void;
  update(): void;
}

/** Threads over one machine's memory: this one, and others that follow it. */
export interface Crew {
  readonly threads: number;
  /** This thread's. */
  readonly machine: Machine;
  /** Whose state is in the memory. */
  holder: object | null;
  /** @param plan divided among as many threads as the crew has, or among 1 */
  link(plan: DividedPlan): Linked;
  dispose(): void;
}

/** @param machine made for as many threads */
export async function startCrew(machine: Machine, threads: number): Promise<Crew> {
  if (threads === 1) return alone(machine);
  const crew = new LedCrew(machine, threads);
  // From here on this thread may block, and a thread can't start while it does.
  await crew.started();
  return crew;
}

function alone(machine: Machine): Crew {
  return { threads: 1, machine, holder: null, link: (plan) => linkAlone(plan, machine), dispose: () => {} };
}

function linkAlone(plan: DividedPlan, machine: Machine): Linked {
  const functions = nestFunctions(compileNests(plan.nests), plan.nests.length, machine);
  const [measure, update] = [plan.measure[0]!, plan.update[0]!].map((stream) =>
    link(stream, functions, machine),
  ) as [Call, Call];
  return { measure, update };
}

class LedCrew implements Crew {
  readonly threads: number;
  readonly machine: Machine;
  holder: object | null = null;
  readonly #rendezvous: Rendezvous;
  readonly #followers: readonly Worker[];
  #programs = 0;

  constructor(machine: Machine, threads: number) {
    this.threads = threads;
    this.machine = machine;
    const integers = new Int32Array(
      new SharedArrayBuffer(RENDEZVOUS_INTEGERS * Int32Array.BYTES_PER_ELEMENT),
    );
    this.#rendezvous = new Rendezvous(integers, threads);
    const { memory, gemm } = machine;
    this.#followers = Array.from({ length: threads - 1 }, (_, i) =>
      startFollower({ memory, integers, threads, thread: i + 1, gemm: gemm.name }),
    );
  }

  async started(): Promise<void> {
    await Promise.all(this.#followers.map((follower) => once(follower, 'message')));
    for (const follower of this.#followers) follower.unref();
  }

  link(plan: DividedPlan): Linked {
    if (plan.measure.length === 1) return linkAlone(plan, this.machine);
    const module = compileNests(plan.nests);
    for (const [i, follower] of this.#followers.entries()) {
      const program: FollowerProgram = {
        module,
        nests: plan.nests.length,
        measure: plan.measure[i + 1]!,
        update: plan.update[i + 1]!,
      };
      follower.postMessage(program);
    }
    this.#rendezvous.command(FETCH);
    this.#rendezvous.awaitDone();
    const functions = nestFunctions(module, plan.nests.length, this.machine);
    const number = this.#programs++;
    const [measure, update] = [plan.measure[0]!, plan.update[0]!].map((stream, phase) => {
      const own = link(stream, functions, this.machine, this.#rendezvous.meet);
      return () => {
        this.#rendezvous.command(2 * number + phase);
        own();
        this.#rendezvous.awaitDone();
      };
    }) as [Call, Call];
    return { measure, update };
  }

  dispose(): void {
    this.#rendezvous.command(END);
  }
}

/** From source, where the tests run, it needs a loader. */
function startFollower(workerData: FollowerData): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  return new Worker(new URL(isSource ? './from-source.mjs' : './follower.js', import.meta.url), {
    workerData,
  });
}
