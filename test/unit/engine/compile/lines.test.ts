import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../../../src/engine/backends/start.ts';
import { compile } from '../../../../src/engine/compile/compile.ts';
import { linesOf } from '../../../../src/engine/compile/lines.ts';
import { planProgram } from '../../../../src/engine/compile/plan/plan.ts';
import { batchShapes, stepOf } from '../../../../src/engine/compile/step-program.ts';
import { smallJob } from '../small-job.ts';
import { startOf } from './compared.ts';

beforeAll(() => startBackend('cpu'));

const LAYERS = [
  { type: 'dense', name: 'one', units: 5, activation: 'relu' },
  { type: 'batchNorm', name: 'norm' },
  { type: 'dense', name: 'two', units: 4, activation: 'relu' },
];
const MOVED = ['one/kernel', 'one/bias', 'norm/gamma', 'norm/beta', 'two/kernel', 'two/bias'];
const OUTPUT = ['output/kernel', 'output/bias'];

async function startWith(stage: object, layers: object[] = LAYERS) {
  const start = await startOf(smallJob({ layers, stages: [{ epochs: 1, ...stage }] }));
  return { ...start, lines: linesOf(start.program, start.state) };
}

async function planned(stage: object, layers?: object[]) {
  const { program, state, batchAt } = await startWith(stage, layers);
  const compiled = compile(stepOf(program, batchShapes(program, batchAt(1, 6)), state));
  const plan = planProgram(compiled.program, compiled.schedule, () => 0, 65536);
  return { ...compiled, plan };
}

describe('what is moved as one', () => {
  it('is the trainable weights, and the slots of each kind in their order', async () => {
    const { lines } = await startWith({ optimizer: { type: 'adam' } });
    const names = [...MOVED, ...OUTPUT];
    expect(lines).toEqual({
      'own: weights': names,
      'own: 0.m': names.map((name) => `0.m/${name}`),
      'own: 0.v': names.map((name) => `0.v/${name}`),
    });
  });

  it('has no part in it that is frozen', async () => {
    const { lines } = await startWith({ trainable: { layers: ['two', 'output'] } });
    expect(lines['own: weights']).toEqual(['two/kernel', 'two/bias', ...OUTPUT]);
  });

  it('is nothing where each gradient is clipped by its own norm', async () => {
    const { lines } = await startWith({ optimizer: { type: 'adam', clip: { norm: 1 } } });
    expect(lines).toEqual({});
  });
});

describe('an optimizer', () => {
  it('takes as many calls for many weights as for few', async () => {
    const stage = { optimizer: { type: 'nadam', clip: { globalNorm: 1 } } };
    const updates = async (depth: number) => {
      const layers = Array.from({ length: depth }, () => ({ type: 'dense', units: 3, activation: 'relu' }));
      return (await planned(stage, layers)).plan.update.length;
    };
    expect(await updates(12)).toBe(await updates(2));
  });

  it('moves weights and slots in their places, of gradients that were made beside each other', async () => {
    const { program, plan } = await planned({ optimizer: { type: 'momentum' } });
    const isMoving = ({ kind }: (typeof plan.update)[number]) => kind !== 'nest';
    expect(plan.update.filter(isMoving)).toEqual([]);
    const states = ['own: weights', 'own: 1.velocity'].map((name) => plan.inputs[name]!.size);
    expect(new Set(states).size).toBe(1);
    const gradients = program.operations.filter(({ kind }) => kind === 'assemble');
    expect(gradients.map(({ size }) => size)).toEqual([states[0]]);
  });
});
