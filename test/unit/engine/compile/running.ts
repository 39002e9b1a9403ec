import { expect } from 'vitest';
import type { Program } from '../../../../src/engine/compile/ir/program.ts';
import type { Schedule } from '../../../../src/engine/compile/passes/units.ts';
import type { Stream } from '../../../../src/engine/compile/plan/barriers.ts';
import { type DividedPlan, divide } from '../../../../src/engine/compile/plan/divide.ts';
import { type Plan, planProgram, type Region } from '../../../../src/engine/compile/plan/plan.ts';
import type { Linked } from '../../../../src/engine/compile/run/crew.ts';
import { compileNests, link, nestFunctions } from '../../../../src/engine/compile/run/link.ts';
import { createMachine, firstFree, PAGE, reserve } from '../../../../src/engine/compile/run/machine.ts';
import type { Numbers, Outcome } from './interpret.ts';

const MOST_THREADS = 4;
const machine = await createMachine(MOST_THREADS);
const FIRST = firstFree(MOST_THREADS);
/** Between the states, before them and after: words that must stay. */
const GUARD = 0x7fc5_a5a5;
const GUARD_BYTES = 64;

/** A scheduled program in a machine's memory, as an executor has it; other numbers than its own are NaN there. */
export class Running {
  readonly #states = new Map<string, Region>();
  readonly #guards: number[] = [];
  readonly #plan: Plan;
  readonly #linked: Linked;
  /** Where all that it needs ends. */
  readonly end: number;

  /**
   * @param threads among which its work is divided
   * @param rows of the batch, at which it is divided
   */
  constructor(program: Program, schedule: Schedule, threads = 1, rows = 1) {
    let address = FIRST;
    const guard = () => {
      this.#guards.push(address);
      address += GUARD_BYTES;
    };
    guard();
    for (const operation of program.operations) {
      if (operation.kind !== 'input' || operation.role !== 'state') continue;
      this.#states.set(operation.name, { address, size: operation.size });
      address += Math.ceil((operation.size * 4) / 64) * 64;
      guard();
    }
    this.#plan = planProgram(program, schedule, (name) => this.#states.get(name)!.address, address);
    const divided = divide(this.#plan, threads, rows);
    reserve(machine, divided.end + PAGE);
    this.#linked = takingTurns(divided);
    this.#words(FIRST, (divided.end + PAGE - FIRST) / 4).fill(GUARD);
    this.end = divided.end;
  }

  get plan(): Plan {
    return this.#plan;
  }

  #words(address: number, count: number): Uint32Array {
    return new Uint32Array(machine.memory.buffer, address, count);
  }

  #numbers({ address, size }: Region): Float32Array {
    return new Float32Array(machine.memory.buffer, address, size);
  }

  /** Runs it from these inputs and states; expects that only its update moves the state, and nothing else is hurt. */
  run(inputs: Numbers): Outcome {
    for (const [name, region] of this.#states) this.#numbers(region).set(inputs[name]!);
    for (const [name, { role, ...region }] of Object.entries(this.#plan.inputs)) {
      if (role === 'key') this.#words(region.address, region.size).set(inputs[name]!);
      else if (role === 'data') this.#numbers(region).set(inputs[name]!);
    }
    for (const { data, ...region } of this.#plan.constants) this.#numbers(region).set(data);
    this.#linked.measure();
    const results = this.#read(Object.entries(this.#plan.results));
    for (const [name, region] of this.#states)
      expect([...this.#numbers(region)], `${name} after measuring`).toEqual([...Array.from(inputs[name]!)]);
    this.#linked.update();
    for (const address of this.#guards)
      expect(this.#words(address, GUARD_BYTES / 4).every((word) => word === GUARD)).toBe(true);
    // The results are there until the next run.
    expect(this.#read(Object.entries(this.#plan.results))).toEqual(results);
    return { results, nextState: this.#read(this.#states) };
  }

  #read(regions: Iterable<readonly [string, Region]>): Record<string, number[]> {
    return Object.fromEntries([...regions].map(([name, region]) => [name, [...this.#numbers(region)]]));
  }
}

/**
 * Threads that take turns instead of running at once: each goes on to the next barrier before another does, the last
 * one first, then the first one first, and so on. What one takes before it is there, or hurts, shows at once.
 */
function takingTurns(plan: DividedPlan): Linked {
  const functions = nestFunctions(compileNests(plan.nests), plan.nests.length, machine);
  const turns = (streams: readonly Stream[]) => {
    const parts = streams.map((stream) =>
      betweenBarriers(stream).map((part) => link(part, functions, machine)),
    );
    expect(new Set(parts.map(({ length }) => length)).size).toBe(1);
    return () => {
      for (const at of parts[0]!.keys())
        for (const own of at % 2 === 0 ? parts.toReversed() : parts) own[at]!();
    };
  };
  return { measure: turns(plan.measure), update: turns(plan.update) };
}

function betweenBarriers(stream: Stream): Stream[] {
  const at = stream.indexOf('barrier');
  return at === -1 ? [stream] : [stream.slice(0, at), ...betweenBarriers(stream.slice(at + 1))];
}
