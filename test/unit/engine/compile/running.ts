import { expect } from 'vitest';
import type { Program } from '../../../../src/engine/compile/ir/program.ts';
import type { Schedule } from '../../../../src/engine/compile/passes/units.ts';
import { divide } from '../../../../src/engine/compile/plan/divide.ts';
import { type Plan, planProgram, type Region } from '../../../../src/engine/compile/plan/plan.ts';
import { type Linked, startCrew } from '../../../../src/engine/compile/run/crew.ts';
import { createMachine, firstFree, PAGE, reserve } from '../../../../src/engine/compile/run/machine.ts';
import type { Numbers, Outcome } from './interpret.ts';

const crew = await startCrew(await createMachine(1), 1);
const { machine } = crew;
const FIRST = firstFree(crew.threads);
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

  constructor(program: Program, schedule: Schedule) {
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
    const divided = divide(this.#plan, crew.threads, 1);
    reserve(machine, divided.end + PAGE);
    this.#linked = crew.link(divided);
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
