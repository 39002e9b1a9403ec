import { dispose, keep, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { RandomSources } from '../model/random-source.ts';
import type { NonFinite } from './executor.ts';
import type { BatchTensors } from './objectives/objective.ts';
import type { StepProgram, StepState } from './train-step.ts';

/**
 * Finds where a step left the finite numbers: the lowest layer with a non-finite weight, else the lowest with a
 * non-finite output, else (everything forward is finite) the output layer, whose loss or gradient overflowed.
 */
export async function locateNonFinite(
  program: StepProgram,
  state: StepState,
  batch: BatchTensors,
  random: RandomSources,
): Promise<NonFinite> {
  for (const [name, { layer }] of program.network.weights) {
    if (!(await allFinite(state.weights[name]!))) return { layer, what: 'a weight' };
  }
  const outputs = layerOutputs(program, state, batch, random);
  try {
    for (const [layer, output] of outputs) {
      if (!(await allFinite(output))) return { layer, what: 'an output' };
    }
  } finally {
    dispose(outputs.map(([, output]) => output));
  }
  if (program.next) return locateNonFinite(program.next, state, batch, random);
  return { layer: program.network.layers.at(-1)!.name, what: 'the loss' };
}

function layerOutputs(
  { network, objective, frozen }: StepProgram,
  { weights }: StepState,
  batch: BatchTensors,
  random: RandomSources,
): [string, Tensor][] {
  const outputs: [string, Tensor][] = [];
  tidy(() => {
    const onLayer = ({ name }: { name: string }, output: Tensor) =>
      outputs.push([name, keep(output.clone())]);
    const options = { mode: 'train', random, frozen, onLayer } as const;
    const { updates } = objective.respond(network, weights, batch, options);
    dispose(Object.values(updates));
  });
  return outputs;
}

async function allFinite(value: Tensor): Promise<boolean> {
  return (await value.data()).every(Number.isFinite);
}
