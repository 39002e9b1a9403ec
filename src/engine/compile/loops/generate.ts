import type { MapFunction } from '../ir/program.ts';
import { type Block, computeBlock, LANES, type Places } from './block.ts';
import { Body } from './body.ts';
import { divisible, type Nest } from './nest.ts';
import { addBlock, joinSums, loadColumns, type Sums, startSums, storeColumns, storeRow } from './sums.ts';
import {
  access,
  type Code,
  get,
  I32,
  IADD,
  IAND,
  IEQ,
  IMUL,
  ISHR_U,
  ISUB,
  i32,
  OP,
  repeatWhile,
  set,
  type WasmFunction,
  when,
} from './wasm.ts';

/** So many vectors go through the steps side by side; of long or costly steps fewer, so that they fit in registers. */
const [MOST_VECTORS, FEW_VECTORS] = [4, 2];
const LONG = 10;
const COSTLY: ReadonlySet<MapFunction> = new Set<MapFunction>([
  ...(['exp', 'expm1', 'log', 'log1p', 'sigmoid', 'tanh', 'erf', 'uniform'] as const),
]);
const BYTES_A_NUMBER = 4;
/** Longer rows are added up in pieces of so many numbers; every block divides it. */
const PIECE = 1024;
/** The first two parameters: which iterations of the outermost dimension to make. The pointers come after. */
const [FROM, TO, FIRST_POINTER] = [0, 1, 2];

/**
 * Compiles a nest to a function `(from, to, pointer…)`. The pointers are the byte addresses of what the first
 * element of the whole index space takes; `from` … `to − 1` are iterations of the outermost dimension, or of its
 * only one, and are not looked at where it can't be divided.
 */
export function generate(nest: Nest): WasmFunction {
  return new Generator(nest).function();
}

class Generator implements Places {
  readonly #nest: Nest;
  readonly #body: Body;
  readonly #still = new Map<number, Code>();
  readonly #indices = new Map<number, number>();
  readonly #last: number;
  readonly #width: number;

  constructor(nest: Nest) {
    this.#nest = nest;
    this.#body = new Body(FIRST_POINTER + nest.pointers.length);
    this.#last = nest.dimensions.length - 1;
    const isLong = nest.steps.length > LONG || nest.steps.some(({ fn }) => COSTLY.has(fn));
    this.#width = isLong ? FEW_VECTORS : MOST_VECTORS;
  }

  pointer = (pointer: number): Code => get(FIRST_POINTER + pointer);
  still = (pointer: number): Code | undefined => this.#still.get(pointer);
  index = (step: number): Code => get(this.#indices.get(step)!);

  function(): WasmFunction {
    this.#hoist();
    if (divisible(this.#nest) > 1) this.#startAt();
    this.#kept(this.#loops(false));
    return this.#body.finish();
  }

  /** The dimensions outside the last one, outermost first. */
  #loops(reduced: boolean) {
    const outer = this.#nest.dimensions.slice(0, -1).map((dimension, at) => ({ ...dimension, at }));
    return outer.filter((dimension) => dimension.reduced === reduced);
  }

  /** What stands still is read once, before all loops. */
  #hoist(): void {
    const { stores, reductions, pointers, steps } = this.#nest;
    const written = new Set([...stores, ...reductions].map(({ pointer }) => pointer));
    for (const [pointer, strides] of pointers.entries()) {
      if (written.has(pointer) || strides.some((stride) => stride !== 0)) continue;
      this.#still.set(pointer, this.#body.let([...this.pointer(pointer), ...access(OP.loadSplat, 0)]));
    }
    for (const [step, { index }] of steps.entries()) {
      if (index) this.#indices.set(step, this.#body.local(I32));
    }
  }

  /** All locals that move along the index space, and by how much along each dimension. */
  #movements(): { local: number; strides: readonly number[] }[] {
    const pointers = this.#nest.pointers.flatMap((strides, pointer) =>
      this.#still.has(pointer)
        ? []
        : [{ local: FIRST_POINTER + pointer, strides: strides.map((stride) => stride * BYTES_A_NUMBER) }],
    );
    const indices = [...this.#indices].map(([step, local]) => ({
      local,
      strides: this.#nest.steps[step]!.index!,
    }));
    return [...pointers, ...indices];
  }

  #startAt(): void {
    this.#moveByRange(get(FROM));
  }

  /** So many times along the outermost dimension. */
  #moveByRange(times: Code): void {
    for (const { local, strides } of this.#movements()) {
      if (strides[0] === 0) continue;
      this.#body.emit(get(local), times, i32(strides[0]!), IMUL, IADD, set(local));
    }
  }

  #move(dimension: number, times: number): void {
    for (const { local, strides } of this.#movements()) {
      const distance = strides[dimension]! * times;
      if (distance !== 0) this.#body.emit(get(local), i32(distance), IADD, set(local));
    }
  }

  /** Along a dimension, `step` positions at a time; the locals are left behind its end. */
  #loop(dimension: number, times: number, step: number, work: () => void): void {
    if (times === 0) return;
    const once = () => {
      work();
      this.#move(dimension, step);
    };
    if (times === 1) once();
    else {
      this.#body.scope(() => {
        const left = this.#body.local(I32);
        this.#body.emit(i32(times), set(left));
        this.#countDown(left, once);
      });
    }
  }

  /** Until the local, which is not 0, is. */
  #countDown(left: number, work: () => void): void {
    const inner = this.#body.capture(() => {
      work();
      this.#body.emit(get(left), i32(1), ISUB, set(left), get(left));
    });
    this.#body.emit(repeatWhile(inner));
  }

  /** Over what is kept, from the outermost in, and in it over the rest. */
  #kept(loops: readonly { at: number; size: number }[]): void {
    const [loop, ...inner] = loops;
    if (loop) this.#along(loop, () => this.#kept(inner));
    else this.#innermost();
  }

  /** Along a dimension outside the last one: of the outermost, as far as the caller asks for. */
  #along({ at, size }: { at: number; size: number }, work: () => void): void {
    if (at === 0) this.#alongRange(work);
    else {
      this.#loop(at, size, 1, work);
      this.#move(at, -size);
    }
  }

  #alongRange(work: () => void): void {
    const left = this.#range();
    const once = () => {
      work();
      this.#move(0, 1);
    };
    this.#body.emit(
      when(
        get(left),
        this.#body.capture(() => this.#countDown(left, once)),
      ),
    );
    if (this.#nest.dimensions[0]!.reduced) this.#moveByRange([...get(FROM), ...get(TO), ...ISUB]);
  }

  /** A local with the number of iterations that the caller asks for. */
  #range(): number {
    const left = this.#body.local(I32);
    this.#body.emit(get(TO), get(FROM), ISUB, set(left));
    return left;
  }

  #innermost(): void {
    const { dimensions, reductions } = this.#nest;
    const last = dimensions[this.#last];
    if (!last) this.#compute({ vectors: 0, tail: 1 });
    else if (last.reduced) this.#row(last.size);
    else if (reductions.length > 0) this.#columns(last.size);
    else if (this.#last === 0) this.#rangedVectors();
    else this.#blocks(last.size, (block) => this.#compute(block));
  }

  #compute(block: Block): void {
    this.#body.scope(() => computeBlock(this.#body, this.#nest, this, block));
  }

  /** The last dimension, block by block. */
  #blocks(size: number, work: (block: Block) => void): void {
    const vectors = Math.floor(size / LANES);
    const times = Math.floor(vectors / this.#width);
    this.#loop(this.#last, times, this.#width * LANES, () => work({ vectors: this.#width, tail: 0 }));
    const rest = { vectors: vectors % this.#width, tail: size % LANES };
    if (rest.vectors + rest.tail > 0) work(rest);
    this.#move(this.#last, -times * this.#width * LANES);
  }

  /** The only dimension, of which the caller asks for a part of any length. */
  #rangedVectors(): void {
    const left = this.#range();
    const times = this.#body.local(I32);
    for (const vectors of [this.#width, 1]) {
      const numbers = vectors * LANES;
      this.#body.emit(get(left), i32(Math.log2(numbers)), ISHR_U, set(times));
      const once = () => {
        this.#compute({ vectors, tail: 0 });
        this.#move(0, numbers);
      };
      this.#body.emit(
        when(
          get(times),
          this.#body.capture(() => this.#countDown(times, once)),
        ),
      );
      this.#body.emit(get(left), i32(numbers - 1), IAND, set(left));
    }
    for (let tail = 1; tail < LANES; tail++) {
      const code = this.#body.capture(() => this.#compute({ vectors: 0, tail }));
      this.#body.emit(when([...get(left), ...i32(tail), ...IEQ], code));
    }
  }

  /**
   * Reduces columns, which lie side by side: all of them for some rows, before the next rows. The sums of the rows
   * so far are in their place in memory, those of the rows at hand in registers.
   */
  #columns(size: number): void {
    const loops = this.#loops(true);
    const [outer, rows] = [loops.slice(0, -1), loops.slice(-1)];
    const isCut = outer.length > 0;
    const address = this.pointer;
    if (isCut) {
      this.#blocks(size, (block) => {
        this.#body.scope(() => {
          storeColumns(this.#body, this.#nest, startSums(this.#body, this.#nest, block), block, address);
        });
      });
    }
    this.#around(outer, () =>
      this.#blocks(size, (block) => {
        this.#body.scope(() => {
          const sums = startSums(this.#body, this.#nest, block);
          this.#around(rows, () => this.#addUp(sums, block, false));
          if (isCut) loadColumns(this.#body, this.#nest, sums, block, address);
          storeColumns(this.#body, this.#nest, sums, block, address);
        });
      }),
    );
  }

  /** The work in loops, from the outermost in. */
  #around(loops: readonly { at: number; size: number }[], work: () => void): void {
    const [loop, ...inner] = loops;
    if (loop) this.#along(loop, () => this.#around(inner, work));
    else work();
  }

  /** Reduces along the last dimension. */
  #row(size: number): void {
    const block = { vectors: this.#width, tail: 0 };
    this.#body.scope(() => {
      const sums = startSums(this.#body, this.#nest, block);
      this.#rows(this.#loops(true), sums, size, block);
      storeRow(this.#body, this.#nest, sums, this.pointer);
    });
  }

  /** Inner loops have sums of their own: to a great sum small numbers are added one by one with great errors. */
  #rows(loops: readonly { at: number; size: number }[], sums: Sums, size: number, block: Block): void {
    const [loop, ...inner] = loops;
    if (!loop) this.#pieces(sums, size, block);
    else this.#along(loop, () => this.#apart(sums, block, (own) => this.#rows(inner, own, size, block)));
  }

  /** A row, piece by piece where it is long. */
  #pieces(sums: Sums, size: number, block: Block): void {
    const add = (to: Sums) => (part: Block) => this.#addUp(to, part, true);
    const times = size > PIECE ? Math.floor(size / PIECE) : 0;
    this.#loop(this.#last, times, PIECE, () =>
      this.#apart(sums, block, (own) => this.#blocks(PIECE, add(own))),
    );
    const rest = size - times * PIECE;
    if (times === 0) this.#blocks(rest, add(sums));
    else this.#apart(sums, block, (own) => this.#blocks(rest, add(own)));
    this.#move(this.#last, -times * PIECE);
  }

  /** Adds up in sums of their own, which are added to the others then. */
  #apart(sums: Sums, block: Block, work: (own: Sums) => void): void {
    this.#body.scope(() => {
      const own = startSums(this.#body, this.#nest, block);
      work(own);
      joinSums(this.#body, this.#nest, sums, own);
    });
  }

  #addUp(sums: Sums, block: Block, along: boolean): void {
    this.#body.scope(() => {
      const values = computeBlock(this.#body, this.#nest, this, block);
      addBlock(this.#body, this.#nest, sums, values, block, along);
    });
  }
}
