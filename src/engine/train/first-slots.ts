import { dispose } from '@tensorflow/tfjs-core';
import type { NamedArrays } from '../../safetensors.ts';
import { fromArrays, tidied, toArrays } from '../tensors.ts';
import type { StepProgram } from './train-step.ts';

/** The optimizer slots before a stage's first step, of all weights that it and what comes next move. */
export async function firstSlots(program: StepProgram, weights: NamedArrays): Promise<NamedArrays> {
  const of = (names: readonly string[]) =>
    fromArrays(Object.fromEntries(names.map((name) => [name, weights[name]!])));
  const moving = { own: of(program.trainable), next: of(program.next?.trainable ?? []) };
  const slots = tidied(() => ({
    ...program.optimizer.init(moving.own),
    ...program.next?.optimizer.init(moving.next),
  }));
  const arrays = await toArrays(slots);
  dispose([...Object.values(moving.own), ...Object.values(moving.next), ...Object.values(slots)]);
  return arrays;
}
