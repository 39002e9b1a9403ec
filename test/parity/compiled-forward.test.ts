import { beforeAll, describe, expect, it } from 'vitest';
import { startBackend } from '../../src/engine/backends/start.ts';
import { forwardOn } from '../../src/engine/compile/compiled-forward.ts';
import { type Crew, startCrew } from '../../src/engine/compile/run/crew.ts';
import { createMachine, NoRoomError } from '../../src/engine/compile/run/machine.ts';
import { buildNetwork, initialWeights } from '../../src/engine/model/network.ts';
import { asItIs } from '../../src/engine/predict/decode.ts';
import { deterministicPass, startPasses } from '../../src/engine/predict/passes.ts';
import { predict, predictMonteCarlo } from '../../src/engine/predict/predict.ts';
import { fromArrays } from '../../src/engine/tensors.ts';
import { key, normal } from '../../src/random.ts';
import type { NamedArrays } from '../../src/safetensors.ts';
import { hiddenLayers } from '../../src/spec/expand.ts';
import { isStochastic, type LayerType } from '../../src/spec/layer.ts';
import { ModelSpec } from '../../src/spec/model.ts';
import { apart, greatest } from '../unit/engine/compile/compared.ts';
import { NETWORKS } from './networks.ts';

const CLOSE = 1e-5;
let crew: Crew;
beforeAll(async () => {
  await startBackend('cpu');
  crew = await startCrew(await createMachine(1), 1);
});

/** A network with weights that none of its initializers gives, moving statistics included. */
function drawn(inputShape: number[], layers: unknown[]) {
  const model = ModelSpec.parse({ layers: [...layers, { type: 'dense', name: 'output', units: 2 }] });
  const network = buildNetwork({ inputShape, layers: hiddenLayers(model) });
  const weights: NamedArrays = Object.fromEntries(
    Object.entries(initialWeights(network, 5)).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((value, i) => value + 0.1 * Math.abs(normal(key(7, name), i))) },
    ]),
  );
  return { network, weights };
}

function rowsFor(count: number, shape: readonly number[], ids?: number): Float32Array {
  const width = shape.reduce((product, n) => product * n, 1);
  const draws = key(11, 'rows');
  return Float32Array.from({ length: count * width }, (_, i) => (ids ? (i * 7) % ids : normal(draws, i)));
}

function expectAlike(found: Float32Array, expected: Float32Array): void {
  expect(apart(found, expected)).toBeLessThan(CLOSE * Math.max(1, greatest(expected)));
}

const TYPES = Object.keys(NETWORKS) as LayerType[];
const stochastic = TYPES.filter((type) =>
  drawn(NETWORKS[type].inputShape, NETWORKS[type].layers).network.spec.layers.some(isStochastic),
);

describe('a pass without dropout', () => {
  it.each(TYPES)('gives of a network with %s what it gives eagerly, for any number of rows', async (type) => {
    const { inputShape, layers, ids } = NETWORKS[type];
    const { network, weights } = drawn(inputShape, layers);
    const forward = forwardOn(crew)(network, weights);
    for (const count of [1, 3, 8, 300]) {
      const x = rowsFor(count, inputShape, ids);
      const expected = await deterministicPass(network, fromArrays(weights), x, count);
      expectAlike((await forward.deterministicPass(x, count))!, expected);
    }
  });

  it('is not hurt by another network on the same crew', async () => {
    const [a, b] = [drawn([5], NETWORKS.dense.layers), drawn([4], NETWORKS.activation.layers)];
    const [forwardA, forwardB] = [
      forwardOn(crew)(a.network, a.weights),
      forwardOn(crew)(b.network, b.weights),
    ];
    const [x, y] = [rowsFor(3, [5]), rowsFor(3, [4])];
    const first = await forwardA.deterministicPass(x, 3);
    expectAlike(
      (await forwardB.deterministicPass(y, 3))!,
      await deterministicPass(b.network, fromArrays(b.weights), y, 3),
    );
    expect(await forwardA.deterministicPass(x, 3)).toEqual(first);
  });
});

describe('Monte-Carlo passes', () => {
  const batchNormed = [
    { type: 'dense', units: 6, activation: 'tanh' },
    { type: 'dropout', rate: 0.3 },
    { type: 'batchNorm' },
    { type: 'dense', units: 5, activation: 'rrelu' },
    { type: 'alphaDropout', rate: 0.2 },
    { type: 'gaussianNoise', std: 0.2 },
  ];
  const around = [
    { type: 'dense', name: 'low', units: 4, activation: 'tanh' },
    { type: 'dropout', name: 'drop', rate: 0.3 },
    { type: 'add', inputs: ['low', 'drop'] },
  ];
  const CASES: [string, number[], unknown[]][] = [
    ...stochastic.map((type): [string, number[], unknown[]] => [
      type,
      NETWORKS[type].inputShape,
      NETWORKS[type].layers,
    ]),
    ['several kinds of noise', [6], batchNormed],
    ['a way around its dropout', [6], around],
    [
      'dropout of its input',
      [6],
      [
        { type: 'dropout', rate: 0.4 },
        { type: 'dense', units: 3 },
      ],
    ],
  ];
  it.each(CASES)('through a network with %s draw what they draw eagerly', async (_, inputShape, layers) => {
    const { network, weights } = drawn(inputShape, layers);
    for (const rows of [1, 3, 70]) {
      const x = rowsFor(rows, inputShape);
      const eager = startPasses(network, fromArrays(weights), x, rows, 9);
      const compiled = (await forwardOn(crew)(network, weights).startPasses(x, rows, 9))!;
      for (const passes of [5, 1, 20]) expectAlike(await compiled.next(passes), await eager.next(passes));
      eager.dispose();
      compiled.dispose();
    }
  });
});

describe('a network that there is no room to compile', () => {
  const { network, weights } = drawn([6], NETWORKS.dropout.layers);
  const full: Crew = {
    threads: 1,
    get machine() {
      return crew.machine;
    },
    holder: null,
    link: () => {
      throw new NoRoomError('it needs more memory than WebAssembly has');
    },
    dispose: () => {},
  };
  const asked = () => ({ network, weights: fromArrays(weights) });
  const x = rowsFor(3, [6]);

  it('predicts op by op', async () => {
    const model = { ...asked(), forward: forwardOn(full)(network, weights) };
    expect(await predict(model, x, 3, asItIs)).toEqual(await predict(asked(), x, 3, asItIs));
  });

  it('makes its passes op by op', async () => {
    const samplesOf = async (model: Parameters<typeof predictMonteCarlo>[0]) => {
      const options = { samples: 12, seed: 4 };
      return (await predictMonteCarlo(model, x, 3, asItIs, options, (samples) => samples)).summaries;
    };
    const model = { ...asked(), forward: forwardOn(full)(network, weights) };
    expect(await samplesOf(model)).toEqual(await samplesOf(asked()));
  });
});
