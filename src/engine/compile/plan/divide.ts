import { divisible, type Nest } from '../loops/nest.ts';
import { type Parts, type Stream, withBarriers } from './barriers.ts';
import { aligned } from './cache-line.ts';
import { type CutRow, cutRow } from './cut-row.ts';
import type { Address, Instruction, KernelCall, NestCall, Plan, Product } from './plan.ts';
import { type Sums, slotBytes, sumNest } from './slots.ts';

/** A plan for several threads over one memory. */
export interface DividedPlan {
  readonly nests: readonly Nest[];
  /** One stream for each thread. */
  readonly measure: readonly Stream[];
  readonly update: readonly Stream[];
  /** Where all that it needs beside the state ends. */
  readonly end: Address;
}

const BYTES = 4;

/**
 * Divides the calls of a plan among threads, each of which takes as many rows of the batch. What the next call takes
 * of the same rows needs no barrier; sums over the batch are made of sums of each thread, in their order, so
 * that as many threads give the same numbers every time.
 * @param rows of the batch
 */
export function divide(plan: Plan, threads: number, rows: number): DividedPlan {
  return new Divider(plan, threads, rows).divided();
}

/** A sum of more parts is made of sums, of so many parts or of as many as there are sums, which loses less. */
const FEWEST_ADDED = 256;

/** What a thread has of so many iterations. */
interface Range {
  readonly from: number;
  readonly to: number;
  readonly thread: number;
}

class Divider {
  readonly #plan: Plan;
  readonly #threads: number;
  readonly #rows: number;
  readonly #nests: Nest[];
  /** The nests that add up so many sums, by what they are. */
  readonly #sums = new Map<string, number>();
  /** What rows that were cut consist of, by their nest. */
  readonly #cutRows = new Map<number, readonly [head: number, tail: number]>();
  #end: Address;

  constructor(plan: Plan, threads: number, rows: number) {
    this.#plan = plan;
    this.#threads = threads;
    this.#rows = rows;
    this.#nests = [...plan.nests];
    this.#end = aligned(plan.scratch.address + threads * aligned(plan.scratch.bytes));
  }

  divided(): DividedPlan {
    const measure = this.#streams(this.#plan.measure);
    const update = this.#streams(this.#plan.update);
    return { nests: this.#nests, measure, update, end: this.#end };
  }

  #streams(instructions: readonly Instruction[]): Stream[] {
    const calls = instructions.flatMap((instruction) => this.#split(instruction));
    return withBarriers(calls, this.#nests, this.#threads);
  }

  /** Where the thread's part of so many begins: at a row of the batch, where that can be. */
  #cut(thread: number, count: number): number {
    const unit = count % this.#rows === 0 ? count / this.#rows : 1;
    return Math.floor((thread * count) / unit / this.#threads) * unit;
  }

  #ranges(count: number): Range[] {
    return Array.from({ length: this.#threads }, (_, thread) => ({
      from: this.#cut(thread, count),
      to: this.#cut(thread + 1, count),
      thread,
    }));
  }

  #split(instruction: Instruction): Parts[] {
    if (instruction.kind === 'nest') return this.#splitNest(instruction);
    if (this.#threads === 1) return [[instruction]];
    switch (instruction.kind) {
      case 'product':
        return [this.#splitProduct(instruction)];
      case 'kernel':
        return this.#splitKernel(instruction);
    }
  }

  #alone(instruction: Instruction): Parts {
    return Array.from({ length: this.#threads }, (_, thread) => (thread === 0 ? instruction : null));
  }

  #splitNest(call: NestCall): Parts[] {
    const nest = this.#nests[call.nest]!;
    const row = this.#threads > 1 ? cutRow(nest) : null;
    if (row) return this.#splitRow(call, row);
    const count = divisible(nest);
    if (count === 1 || count < this.#threads) return [this.#alone(call)];
    const ranges = this.#ranges(count);
    if (!nest.dimensions[0]!.reduced) {
      return [ranges.map(({ from, to }) => (from < to ? { ...call, from, to } : null))];
    }
    const own = count / this.#threads;
    const pieces = Math.ceil(own / Math.max(FEWEST_ADDED, Math.sqrt(own)));
    if (this.#threads * pieces === 1) return [[call]];
    return this.#splitSum(call, ranges, pieces);
  }

  /** Each thread adds up its range in so many pieces, one after another. */
  #splitSum(call: NestCall, ranges: readonly Range[], pieces: number): Parts[] {
    const { dimensions } = this.#nests[call.nest]!;
    const size = dimensions.reduce((product, { size, reduced }) => (reduced ? product : product * size), 1);
    return this.#inSlots(call, { slots: this.#threads * pieces, size }, (into) => {
      const part = ({ from, to, thread }: Range, piece: number): NestCall => {
        const cut = (piece: number) => from + Math.floor(((to - from) * piece) / pieces);
        return { ...call, from: cut(piece), to: cut(piece + 1), pointers: into(thread * pieces + piece) };
      };
      return Array.from({ length: pieces }, (_, piece) => ranges.map((range) => part(range, piece)));
    });
  }

  /** The head is divided. */
  #splitRow(call: NestCall, { head, tail, offsets }: CutRow): Parts[] {
    const known = this.#cutRows.get(call.nest) ?? [this.#nests.push(head) - 1, this.#nests.push(tail) - 1];
    this.#cutRows.set(call.nest, known);
    const [first, rest] = known;
    return this.#inSlots(call, { slots: 2, size: 1 }, (into) => {
      const behind = into(1).map((address, at) => address + offsets[at]! * BYTES);
      return [
        ...this.#splitNest({ ...call, nest: first, from: 0, to: divisible(head), pointers: into(0) }),
        this.#alone({ ...call, nest: rest, from: 0, to: divisible(tail), pointers: behind }),
      ];
    });
  }

  /**
   * Has what a call reduces made in parts, each in slots of its own, which are added up at the end.
   * @param parts makes them, given the pointers of the call with those into a slot
   */
  #inSlots(
    call: NestCall,
    { slots, size }: Omit<Sums, 'fn'>,
    parts: (into: (slot: number) => Address[]) => Parts[],
  ): Parts[] {
    const { reductions } = this.#nests[call.nest]!;
    const bases = new Map(reductions.map(({ pointer }) => [pointer, this.#reserve(size, slots)]));
    const into = (slot: number) =>
      call.pointers.map((address, at) => (bases.has(at) ? bases.get(at)! + slot * slotBytes(size) : address));
    const totals = reductions.map(({ pointer, fn }) =>
      this.#alone(this.#sum(bases.get(pointer)!, { slots, size, fn }, call.pointers[pointer]!)),
    );
    return [...parts(into), ...totals];
  }

  /** Room for so many sums. */
  #reserve(size: number, slots: number): Address {
    const base = this.#end;
    this.#end += slots * slotBytes(size);
    return base;
  }

  /** Adds up sums. */
  #sum(base: Address, sums: Sums, to: Address): NestCall {
    const key = JSON.stringify(sums);
    const at = this.#sums.get(key) ?? this.#nests.push(sumNest(sums)) - 1;
    this.#sums.set(key, at);
    return { kind: 'nest', nest: at, from: 0, to: divisible(this.#nests[at]!), pointers: [base, to] };
  }

  #splitProduct(product: Product): Parts {
    const { batch, m, a, c } = product;
    if (batch > 1) return this.#splitBatch(product);
    if (m < this.#threads) return this.#alone(product);
    return this.#ranges(m).map(({ from, to }) =>
      from === to
        ? null
        : {
            ...product,
            m: to - from,
            a: { ...a, address: a.address + from * a.row * BYTES },
            c: { ...c, address: c.address + from * c.row * BYTES },
          },
    );
  }

  #splitBatch(product: Product): Parts {
    const { batch, a, b, c } = product;
    const moved = (place: Product['a'], from: number) => ({
      ...place,
      address: place.address + from * place.next * BYTES,
    });
    return this.#ranges(batch).map(({ from, to }) =>
      from === to
        ? null
        : {
            ...product,
            batch: to - from,
            ...{ a: moved(a, from), b: moved(b, from), c: moved(c, from) },
          },
    );
  }

  #scratch(thread: number): Address {
    return this.#plan.scratch.address + thread * aligned(this.#plan.scratch.bytes);
  }

  #splitKernel(call: KernelCall): Parts[] {
    if (call.window) return this.#splitWindow(call);
    switch (call.name) {
      case 'transpose':
        return [this.#splitMatrices(call)];
      case 'normal':
        return [
          this.#ranges(call.size).map(({ from, to }) =>
            from === to
              ? null
              : {
                  ...call,
                  output: call.output + from * BYTES,
                  size: to - from,
                  numbers: { ...call.numbers, from, to },
                },
          ),
        ];
      case 'gather':
        return [this.#splitGather(call)];
      default:
        return [this.#alone(call)];
    }
  }

  #splitMatrices(call: KernelCall): Parts {
    const count = call.numbers!.batch!;
    const width = call.size / count;
    return this.#ranges(count).map(({ from, to }) => {
      if (from === to) return null;
      const [operand] = call.operands as [Address];
      return {
        ...call,
        operands: [operand + from * width * BYTES],
        output: call.output + from * width * BYTES,
        size: (to - from) * width,
        numbers: { ...call.numbers, batch: to - from },
      };
    });
  }

  #splitGather(call: KernelCall): Parts {
    const { count, width } = call.numbers as { count: number; width: number };
    const [table, ids] = call.operands as [Address, Address];
    return this.#ranges(count).map(({ from, to }) =>
      from === to
        ? null
        : {
            ...call,
            operands: [table, ids + from * BYTES],
            output: call.output + from * width * BYTES,
            size: (to - from) * width,
            numbers: { ...call.numbers, count: to - from },
          },
    );
  }

  /** Each thread takes some of the images; the filter's gradient is a sum over all of them. */
  #splitWindow(call: KernelCall): Parts[] {
    const window = call.window!;
    const { images } = window;
    if (images < this.#threads) return [this.#alone(call)];
    const input = window.height * window.width * window.channels * BYTES;
    const output = window.outHeight * window.outWidth * window.outChannels * BYTES;
    const isSum = call.name.endsWith('FilterGradient');
    const base = isSum ? this.#reserve(call.size, this.#threads) : 0;
    const strides = imageStrides(call.name, input, output);
    const parts = this.#ranges(images).map(({ from, to, thread }): Instruction | null => {
      if (from === to) return null;
      const operands = call.operands.map((operand, i) => operand + from * strides.operands[i]!);
      const target = isSum ? base + thread * slotBytes(call.size) : call.output + from * strides.output;
      return {
        ...call,
        operands,
        output: target,
        size: isSum ? call.size : (call.size / images) * (to - from),
        scratch: this.#scratch(thread),
        window: { ...window, images: to - from },
      };
    });
    const sums: Sums = { slots: this.#threads, size: call.size, fn: 'sum' };
    return isSum ? [parts, this.#alone(this.#sum(base, sums, call.output))] : [parts];
  }
}

/** How far it is from an image to the next, in bytes, in what a kernel takes and makes; 0 for filters. */
function imageStrides(
  name: KernelCall['name'],
  input: number,
  output: number,
): { operands: readonly number[]; output: number } {
  switch (name) {
    case 'conv2d':
    case 'depthwise':
      return { operands: [input, 0], output };
    case 'conv2dInputGradient':
    case 'depthwiseInputGradient':
      return { operands: [output, 0], output: input };
    case 'conv2dFilterGradient':
    case 'depthwiseFilterGradient':
      return { operands: [input, output], output: 0 };
    case 'maxPoolGradient':
      return { operands: [input, output, output], output: input };
    case 'avgPoolGradient':
      return { operands: [output], output: input };
    default:
      return { operands: [input], output };
  }
}
