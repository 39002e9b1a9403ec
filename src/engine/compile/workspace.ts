import type { Key } from '../../random.ts';
import type { NamedArrays } from '../../safetensors.ts';
import { compile } from './compile.ts';
import { isWorthDividing } from './plan/cost.ts';
import { divide } from './plan/divide.ts';
import { type Plan, planProgram, type Region } from './plan/plan.ts';
import type { Recorded, Tape } from './record/record.ts';
import type { Crew, Linked } from './run/crew.ts';
import { firstFree, PAGE, reserve } from './run/machine.ts';

const LINE = 64;

/** A compiled program, and where it takes and leaves its numbers. */
export interface Ready extends Linked {
  readonly plan: Plan;
}

/** What a program takes beside the state, by the names of its inputs. */
export interface Given {
  readonly data: Readonly<Record<string, Float32Array | number | undefined>>;
  readonly keys: Readonly<Record<string, readonly Key[]>>;
}

/**
 * Programs over one state in a crew's memory. Several workspaces may share a crew: each puts its state there again
 * when another was at work in between, so between two uses it must have been read if a program changed it.
 */
export class Workspace {
  readonly #crew: Crew;
  readonly #ready = new Map<string, Ready>();
  #state: NamedArrays = {};
  #places = new Map<string, Region>();
  #end = 0;

  constructor(crew: Crew) {
    this.#crew = crew;
  }

  /** Puts a state into the memory; programs of another layout are forgotten. */
  load(state: NamedArrays): void {
    const places = new Map<string, Region>();
    let address = firstFree(this.#crew.threads);
    for (const [name, { data }] of Object.entries(state)) {
      places.set(name, { address, size: data.length });
      address += Math.ceil((data.length * Float32Array.BYTES_PER_ELEMENT) / LINE) * LINE;
    }
    if (JSON.stringify([...places]) !== JSON.stringify([...this.#places])) this.#ready.clear();
    this.#state = state;
    this.#places = places;
    this.#end = address;
    this.#write();
  }

  #write(): void {
    reserve(this.#crew.machine, this.#end);
    for (const [name, { data }] of Object.entries(this.#state))
      this.#numbers(this.#places.get(name)!).set(data);
    this.#crew.holder = this;
  }

  /** The state as it is now. */
  save(): NamedArrays {
    if (this.#crew.holder !== this) return this.#state;
    return Object.fromEntries(
      Object.entries(this.#state).map(([name, { shape }]) => [
        name,
        { shape, data: this.#numbers(this.#places.get(name)!).slice() },
      ]),
    );
  }

  /**
   * The program of this name, compiled when it is first asked for.
   * @param rows of the batch, which threads share
   * @throws UnrecordableError, RangeError where the memory doesn't suffice
   */
  ready(name: string, work: (tape: Tape) => Recorded, rows: number): Ready {
    const known = this.#ready.get(name);
    if (known) return known;
    const { program, schedule } = compile(work);
    const plan = planProgram(program, schedule, (name) => this.#places.get(name)!.address, this.#end);
    const divided = divide(plan, isWorthDividing(plan) ? this.#crew.threads : 1, rows);
    // What is read past an end, and not used, must be there too.
    reserve(this.#crew.machine, divided.end + PAGE);
    const ready = { plan, ...this.#crew.link(divided) };
    this.#ready.set(name, ready);
    return ready;
  }

  /** Makes the results, which stand in the memory until the next run. */
  measure({ plan, measure }: Ready, { data, keys }: Given): Readonly<Record<string, Float32Array>> {
    if (this.#crew.holder !== this) this.#write();
    for (const { data, ...region } of plan.constants) this.#numbers(region).set(data);
    for (const [name, region] of Object.entries(plan.inputs)) {
      if (region.role === 'data') this.#give(region, data[name]!);
      if (region.role === 'key') this.#integers(region).set(keys[name]!.flat());
    }
    measure();
    return Object.fromEntries(
      Object.entries(plan.results).map(([name, region]) => [name, this.#numbers(region)]),
    );
  }

  #give(region: Region, given: Float32Array | number): void {
    const numbers = this.#numbers(region);
    if (typeof given === 'number') numbers[0] = given;
    else numbers.set(given);
  }

  #numbers({ address, size }: Region): Float32Array<SharedArrayBuffer> {
    return new Float32Array(this.#crew.machine.memory.buffer, address, size);
  }

  #integers({ address, size }: Region): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.#crew.machine.memory.buffer, address, size);
  }
}
