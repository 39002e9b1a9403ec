import fc from 'fast-check';
import { expect, test } from 'vitest';
import { UnrecordableError } from '../../src/engine/compile/record/recorder.ts';
import { createEagerExecutor } from '../../src/engine/train/eager-executor.ts';
import type { ExecutorState } from '../../src/engine/train/executor.ts';
import { key, uniform } from '../../src/random.ts';
import {
  apart,
  compiledExecutor,
  greatest,
  type Steps,
  startOf,
  take,
} from '../unit/engine/compile/compared.ts';
import { aSpec, type RandomSpec } from '../unit/engine/compile/random-specs.ts';

/** Some in every run of the tests, and hundreds in a long one. */
const SPECS = Number(process.env.TRAINYARD_RANDOM_SPECS ?? 25);
const CLOSE = 1e-5;
const STEPS = 4;

/** Weights that are off by a rounding: what that changes, no order of summing can be blamed for. */
function rounded(state: ExecutorState, seed: number): ExecutorState {
  const weights = Object.fromEntries(
    Object.entries(state.weights).map(([name, { shape, data }]) => {
      const draws = key(seed, 'rounding', name);
      const moved = data.map((value, i) => value * (1 + (uniform(draws, i) < 0.5 ? -1 : 1) * 2 ** -23));
      return [name, { shape, data: moved }];
    }),
  );
  return { ...state, weights };
}

/** What is compared of some steps, each list with how large its numbers are. */
function listsOf({ reports, evaluations, state }: Steps): Record<string, ArrayLike<number>> {
  return {
    losses: reports.map(({ loss }) => loss),
    'first outputs': reports[0]?.outputs ?? [],
    evaluations: evaluations.map(({ loss }) => loss),
    ...Object.fromEntries(Object.entries(state.slots).map(([name, { data }]) => [name, data])),
  };
}

/**
 * How far apart both are, in what they may be: 10⁻⁵ of the greatest number, and a few times what roundings of the
 * weights change anyway. Where units are all but dead, or a bias has no slope but that of roundings, Adam makes steps
 * of its rate of these.
 */
async function farthest(
  spec: RandomSpec,
  steps: number,
  { optimizer, learningRate = 0.01 }: { optimizer?: object; learningRate?: number } = {},
): Promise<{ most: number; name: string; plain: number }> {
  const start = await startOf(spec.job(optimizer));
  const taking = { steps, size: spec.size, learningRate };
  const eagerly = (state: ExecutorState) =>
    take(createEagerExecutor(start.program, start.keysAt), { ...start, state }, taking);
  const [own, ...near] = [
    await eagerly(start.state),
    await eagerly(rounded(start.state, 1)),
    await eagerly(rounded(start.state, 2)),
  ] as const;
  const found = await take(await compiledExecutor(start), start, taking);
  // Where the steps diverge, they do so at the same step and layer, unless that hangs on a rounding.
  const isDecided = near.every(({ nonFinite }) => `${nonFinite}` === `${own.nonFinite}`);
  if (isDecided) expect(found.nonFinite).toEqual(own.nonFinite);
  else return { most: 0, name: 'nothing', plain: 2 };
  const [eager, compiled, others] = [listsOf(own), listsOf(found), near.map(listsOf)];
  const isGradient = optimizer !== undefined;
  const gradients = Object.entries(eager).filter(([name]) => name.includes('velocity'));
  const steepest = Math.max(0, ...gradients.map(([, numbers]) => greatest(numbers)));
  let [most, name, plain] = [0, '', 0];
  for (const [list, numbers] of Object.entries(eager)) {
    const isSlot = list.includes('/');
    if (isSlot && !isGradient) continue;
    const scale = isSlot ? steepest : Math.max(0.1, greatest(numbers));
    const shaken = Math.max(...others.map((other) => apart(numbers, other[list]!)));
    const distance = apart(numbers, compiled[list]!);
    const far = distance / (CLOSE * scale + 8 * shaken);
    plain = Math.max(plain, distance / (CLOSE * scale));
    if (!(far <= most)) [most, name] = [far, list];
  }
  return { most, name, plain };
}

test(
  `${SPECS} random networks take compiled the steps that they take eagerly`,
  async () => {
    const [told, refused]: [number[], string[]] = [[], []];
    await fc.assert(
      fc.asyncProperty(aSpec, async (spec) => {
        try {
          const gradients = await farthest(spec, 1, {
            optimizer: { type: 'momentum', momentum: 0 },
            learningRate: 1,
          });
          expect(gradients.most, `the gradients, ${gradients.name}`).toBeLessThan(1);
          const steps = await farthest(spec, STEPS);
          expect(steps.most, `the steps, ${steps.name}`).toBeLessThan(1);
          told.push(Math.max(gradients.plain, steps.plain));
        } catch (error) {
          if (!(error instanceof UnrecordableError)) throw error;
          refused.push(error.message);
        }
      }),
      { numRuns: SPECS, ...(process.env.TRAINYARD_SEED && { seed: Number(process.env.TRAINYARD_SEED) }) },
    );
    // Nothing of the vocabulary is refused, and hardly anything needs the room for roundings.
    expect(refused).toEqual([]);
    expect(told.filter((distance) => distance > 1).length).toBeLessThanOrEqual(Math.ceil(told.length * 0.1));
  },
  30_000 + SPECS * 2_000,
);
