import { type Code, constant, get, I32, set, simd, V128 } from './wasm.ts';

/** The code of a function as it comes into being, and its locals. */
export class Body {
  readonly #parameters: number;
  readonly #locals: number[] = [];
  #code: number[] = [];
  /** Locals that are free again, by type. */
  readonly #free = new Map<number, number[]>([
    [I32, []],
    [V128, []],
  ]);
  readonly #constants = new Map<string, { local: number; code: Code }>();

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  emit(...parts: readonly Code[]): void {
    for (const part of parts) for (const byte of part) this.#code.push(byte);
  }

  /** The code that the work emits, taken out of the function. */
  capture(work: () => void): Code {
    const outer = this.#code;
    this.#code = [];
    work();
    const captured = this.#code;
    this.#code = outer;
    return captured;
  }

  /** Locals that the work takes are free after it. */
  scope(work: () => void): void {
    const taken = this.#taken;
    this.#taken = [];
    work();
    for (const [type, local] of this.#taken) this.#free.get(type)!.push(local);
    this.#taken = taken;
  }
  #taken: [number, number][] = [];

  local(type: number): number {
    const local = this.#free.get(type)!.pop() ?? this.#parameters + this.#locals.push(type) - 1;
    this.#taken.push([type, local]);
    return local;
  }

  /** Keeps a vector, to be taken more than once. */
  let(vector: Code): Code {
    const local = this.local(V128);
    this.emit(vector, set(local));
    return get(local);
  }

  number(value: number): Code {
    return this.#constant(Float32Array.of(value, value, value, value).buffer);
  }

  integer(value: number): Code {
    return this.#constant(Int32Array.of(value, value, value, value).buffer);
  }

  lanes(values: Int32Array<ArrayBuffer>): Code {
    return this.#constant(values.buffer);
  }

  /** Constants are loaded once, before all loops: V8 makes them anew wherever they stand. */
  #constant(lanes: ArrayBuffer): Code {
    const key = new Int32Array(lanes).join();
    const known = this.#constants.get(key);
    if (known) return get(known.local);
    const local = this.#parameters + this.#locals.push(V128) - 1;
    this.#constants.set(key, { local, code: constant(lanes) });
    return get(local);
  }

  /** The finished function. */
  finish(): { parameters: number; locals: readonly number[]; code: Code } {
    const prologue = [...this.#constants.values()].flatMap(({ local, code }) => [...code, ...set(local)]);
    return { parameters: this.#parameters, locals: this.#locals, code: [...prologue, ...this.#code] };
  }
}

/** An instruction on vectors. */
export function apply(opcode: number, ...operands: readonly Code[]): Code {
  return [...operands.flat(), ...simd(opcode)];
}
