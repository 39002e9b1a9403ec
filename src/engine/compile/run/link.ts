import { generate } from '../loops/generate.ts';
import type { Nest } from '../loops/nest.ts';
import { encodeModule } from '../loops/wasm.ts';
import type { Stream } from '../plan/barriers.ts';
import type { Instruction, Product } from '../plan/plan.ts';
import type { Call } from './call.ts';
import { linkKernel } from './link-kernel.ts';
import { type Machine, MOST_PAGES } from './machine.ts';

const BYTES = 4;

export type NestFunction = (from: number, to: number, ...pointers: number[]) => void;

/** Compiles nests to a module, which any thread can make functions of. */
export function compileNests(nests: readonly Nest[]): WebAssembly.Module {
  return new WebAssembly.Module(encodeModule(nests.map(generate), MOST_PAGES));
}

export function nestFunctions(
  module: WebAssembly.Module,
  count: number,
  { memory }: Machine,
): NestFunction[] {
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return Array.from({ length: count }, (_, i) => exports[`f${i}`] as NestFunction);
}

/**
 * Turns a thread's stream into one call.
 * @param meet waits for the other threads
 */
export function link(
  stream: Stream,
  functions: readonly NestFunction[],
  machine: Machine,
  meet: Call = () => {},
): Call {
  const calls = stream.map((instruction) =>
    instruction === 'barrier' ? meet : linkOne(instruction, functions, machine),
  );
  return machine.flushing(() => {
    for (let i = 0; i < calls.length; i++) calls[i]!();
  });
}

function linkOne(instruction: Instruction, functions: readonly NestFunction[], machine: Machine): Call {
  switch (instruction.kind) {
    case 'nest': {
      const { nest, from, to, pointers } = instruction;
      // Bound calls are cheaper than spread ones.
      return functions[nest]!.bind(null, from, to, ...pointers) as Call;
    }
    case 'product':
      return linkProduct(instruction, machine);
    case 'kernel':
      return linkKernel(instruction, machine);
  }
}

function linkProduct({ batch, m, n, k, a, b, c }: Product, { gemm }: Machine): Call {
  const multiply = (i: number) =>
    gemm.multiply(
      ...([m, n, k] as const),
      ...([a.address + i * a.next * BYTES, a.row, a.column] as const),
      ...([b.address + i * b.next * BYTES, b.row, b.column] as const),
      ...([c.address + i * c.next * BYTES, c.row, false] as const),
    );
  if (batch === 1) return () => multiply(0);
  return () => {
    for (let i = 0; i < batch; i++) multiply(i);
  };
}
