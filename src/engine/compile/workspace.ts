import type { Key } from '../../random.ts';
import type { NamedArrays } from '../../safetensors.ts';
import { compile } from './compile.ts';
import { type Lines, NO_LINES } from './lines.ts';
import { aligned } from './plan/cache-line.ts';
import { isWorthDividing } from './plan/cost.ts';
import { divide } from './plan/divide.ts';
import { type Plan, planProgram, type Region } from './plan/plan.ts';
import type { Recorded, Tape } from './record/record.ts';
import type { Crew, Linked } from './run/crew.ts';
import { firstFree, PAGE, reserve } from './run/machine.ts';

/** A compiled program, and where it takes and leaves its numbers. */
export interface Ready extends Linked {
  readonly data: readonly (readonly [name: string, numbers: Float32Array])[];
  readonly keys: readonly (readonly [name: string, integers: Int32Array])[];
  readonly constants: readonly (readonly [data: Float32Array, numbers: Float32Array])[];
  readonly results: Readonly<Record<string, Float32Array>>;
}

/** What a program takes beside the state, by the names of its inputs. */
export interface Given {
  readonly data: Readonly<Record<string, Float32Array | number | undefined>>;
  /** The keys of the streams that an input is asked for. */
  readonly keysOf: (name: string) => readonly Key[];
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
  load(state: NamedArrays, lines: Lines = NO_LINES): void {
    const { places, end } = layOutState(state, lines, firstFree(this.#crew.threads));
    if (JSON.stringify([...places]) !== JSON.stringify([...this.#places])) this.#ready.clear();
    this.#state = state;
    this.#places = places;
    this.#end = end;
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
   * @throws UnrecordableError, NoRoomError
   */
  ready(name: string, work: (tape: Tape) => Recorded, rows: number): Ready {
    const known = this.#ready.get(name);
    if (known) return known;
    const { program, schedule } = compile(work);
    const plan = planProgram(program, schedule, (name) => this.#places.get(name)!.address, this.#end);
    const divided = divide(plan, isWorthDividing(plan) ? this.#crew.threads : 1, rows);
    // What is read past an end, and not used, must be there too.
    reserve(this.#crew.machine, divided.end + PAGE);
    const ready = { ...this.#bind(plan), ...this.#crew.link(divided) };
    this.#ready.set(name, ready);
    return ready;
  }

  /** A memory that grows keeps its place: what sees it now will see it then. */
  #bind({ inputs, constants, results }: Plan): Omit<Ready, keyof Linked> {
    const regions = Object.entries(inputs);
    const of = (role: string) => regions.filter(([, region]) => region.role === role);
    return {
      data: of('data').map(([name, region]) => [name, this.#numbers(region)] as const),
      keys: of('key').map(([name, region]) => [name, this.#integers(region)] as const),
      constants: constants.map(({ data, ...region }) => [data, this.#numbers(region)] as const),
      results: Object.fromEntries(
        Object.entries(results).map(([name, region]) => [name, this.#numbers(region)]),
      ),
    };
  }

  /** Makes the results, which stand in the memory until the next run. */
  measure({ data, keys, constants, results, measure }: Ready, given: Given): Ready['results'] {
    if (this.#crew.holder !== this) this.#write();
    for (const [numbers, place] of constants) place.set(numbers);
    for (const [name, place] of data) give(place, given.data[name]!);
    for (const [name, place] of keys) place.set(given.keysOf(name).flat());
    measure();
    return results;
  }

  #numbers({ address, size }: Region): Float32Array<SharedArrayBuffer> {
    return new Float32Array(this.#crew.machine.memory.buffer, address, size);
  }

  #integers({ address, size }: Region): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.#crew.machine.memory.buffer, address, size);
  }
}

/** Where the arrays of a state lie, and its lines under their own names: each of what is by itself begins a cache line. */
function layOutState(
  state: NamedArrays,
  lines: Lines,
  first: number,
): { places: Map<string, Region>; end: number } {
  const places = new Map<string, Region>();
  let end = first;
  const put = (name: string) => {
    const { length } = state[name]!.data;
    places.set(name, { address: end, size: length });
    end += length * Float32Array.BYTES_PER_ELEMENT;
  };
  for (const [line, names] of Object.entries(lines)) {
    const address = end;
    for (const name of names) put(name);
    places.set(line, { address, size: (end - address) / Float32Array.BYTES_PER_ELEMENT });
    end = aligned(end);
  }
  for (const name of Object.keys(state)) {
    if (places.has(name)) continue;
    put(name);
    end = aligned(end);
  }
  return { places, end };
}

function give(place: Float32Array, given: Float32Array | number): void {
  if (typeof given === 'number') place[0] = given;
  else place.set(given);
}
