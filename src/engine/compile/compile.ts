import type { Program } from './ir/program.ts';
import { copyUneven } from './passes/copy-uneven.ts';
import { dropDeadCode } from './passes/drop-dead-code.ts';
import { fuse } from './passes/fuse.ts';
import { recompute } from './passes/recompute.ts';
import { settle } from './passes/settle.ts';
import { shareCommon } from './passes/share-common.ts';
import { simplify } from './passes/simplify.ts';
import { sinkBelowPooling } from './passes/sink-below-pooling.ts';
import type { Schedule } from './passes/units.ts';
import { type Recorded, record, type Tape } from './record/record.ts';

/** In their order; each gives a program that means the same. Some look at all that takes a value, so the dead must go. */
const PASSES: readonly ((program: Program) => Program)[] = [
  ...[dropDeadCode, simplify, shareCommon],
  ...[dropDeadCode, sinkBelowPooling, copyUneven, settle],
  dropDeadCode,
];

/** Records what a function does with tensors, and makes the most of it. @throws UnrecordableError */
export function compile(work: (tape: Tape) => Recorded): { program: Program; schedule: Schedule } {
  let program = record(work);
  for (const pass of PASSES) program = pass(program);
  return { program, schedule: recompute(program, fuse(program)) };
}
