import { generate } from '../loops/generate.ts';
import { divisible, type Nest } from '../loops/nest.ts';
import { encodeModule } from '../loops/wasm.ts';
import type { Instruction, Plan, Product } from '../plan/plan.ts';
import { linkKernel } from './link-kernel.ts';
import { type Machine, MOST_PAGES } from './machine.ts';

/** Runs one instruction. */
export type Call = () => void;

export interface Linked {
  measure(): void;
  update(): void;
}

type NestFunction = (from: number, to: number, ...pointers: number[]) => void;

/** Turns the instructions of a plan into calls on the machine. */
export function link(plan: Plan, machine: Machine): Linked {
  const functions = compileNests(plan.nests, machine);
  const sequence = (instructions: readonly Instruction[]): Call => {
    const calls = instructions.map((instruction) => linkOne(instruction, plan, functions, machine));
    return () => {
      for (let i = 0; i < calls.length; i++) calls[i]!();
    };
  };
  return { measure: sequence(plan.measure), update: sequence(plan.update) };
}

function compileNests(nests: readonly Nest[], { memory }: Machine): NestFunction[] {
  const module = new WebAssembly.Module(encodeModule(nests.map(generate), MOST_PAGES));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return nests.map((_, i) => exports[`f${i}`] as NestFunction);
}

function linkOne(
  instruction: Instruction,
  plan: Plan,
  functions: readonly NestFunction[],
  machine: Machine,
): Call {
  switch (instruction.kind) {
    case 'nest': {
      const run = functions[instruction.nest]!;
      const to = divisible(plan.nests[instruction.nest]!);
      return linkNest(run, to, instruction.pointers);
    }
    case 'product':
      return linkProduct(instruction, machine);
    case 'kernel':
      return linkKernel(instruction, machine);
  }
}

/** Bound calls are cheaper than spread ones. */
function linkNest(run: NestFunction, to: number, pointers: readonly number[]): Call {
  return run.bind(null, 0, to, ...pointers) as Call;
}

function linkProduct({ batch, m, n, k, a, b, c, scratch }: Product, { gemm }: Machine): Call {
  const multiply = (i: number) =>
    gemm.multiply(
      ...([m, n, k] as const),
      ...([a.address + i * a.next * 4, a.row, a.column] as const),
      ...([b.address + i * b.next * 4, b.row, b.column] as const),
      ...([c.address + i * c.next * 4, c.row] as const),
      false,
      scratch,
    );
  if (batch === 1) return () => multiply(0);
  return () => {
    for (let i = 0; i < batch; i++) multiply(i);
  };
}
