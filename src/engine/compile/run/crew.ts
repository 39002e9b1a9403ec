import { Worker } from 'node:worker_threads';
import type { DividedPlan } from '../plan/divide.ts';
import { END, FETCH, type FollowerData, type FollowerProgram } from './follower-protocol.ts';
import { type Call, compileNests, link, nestFunctions } from './link.ts';
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
  /** @param plan divided among as many threads as the crew has */
  link(plan: DividedPlan): Linked;
  dispose(): void;
}

/** @param threads 1 needs no other */
export function startCrew(machine: Machine, threads: number): Crew {
  return threads === 1 ? alone(machine) : new LedCrew(machine, threads);
}

function alone(machine: Machine): Crew {
  return {
    threads: 1,
    link(plan) {
      const functions = nestFunctions(compileNests(plan.nests), plan.nests.length, machine);
      const [measure, update] = [plan.measure[0]!, plan.update[0]!].map((stream) =>
        link(stream, functions, machine),
      ) as [Call, Call];
      return { measure, update };
    },
    dispose: () => {},
  };
}

class LedCrew implements Crew {
  readonly threads: number;
  readonly #machine: Machine;
  readonly #rendezvous: Rendezvous;
  readonly #followers: readonly Worker[];
  #programs = 0;

  constructor(machine: Machine, threads: number) {
    this.threads = threads;
    this.#machine = machine;
    const integers = new Int32Array(new SharedArrayBuffer(RENDEZVOUS_INTEGERS * Int32Array.BYTES_PER_ELEMENT));
    this.#rendezvous = new Rendezvous(integers, threads);
    const data: FollowerData = { memory: machine.memory, integers, threads, gemm: machine.gemm.name };
    this.#followers = Array.from({ length: threads - 1 }, () => startFollower(data));
  }

  link(plan: DividedPlan): Linked {
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
    const functions = nestFunctions(module, plan.nests.length, this.#machine);
    const number = this.#programs++;
    const [measure, update] = [plan.measure[0]!, plan.update[0]!].map((stream, phase) => {
      const own = link(stream, functions, this.#machine, this.#rendezvous.meet);
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

/** From source, where the tests run, a follower needs the loader that its leader has. */
function startFollower(workerData: FollowerData): Worker {
  const isSource = import.meta.url.endsWith('.ts');
  const file = new URL(`./follower.${isSource ? 'ts' : 'js'}`, import.meta.url);
  const follower = new Worker(file, { workerData, ...(isSource && { execArgv: ['--import', 'tsx'] }) });
  follower.unref();
  return follower;
}
