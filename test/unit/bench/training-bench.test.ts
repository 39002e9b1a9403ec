import { describe, expect, it } from 'vitest';
import { MODELS } from '../../bench/train/models.ts';
import { trainingGigaflop } from '../../bench/train/operations.ts';
import type { Measured, Setting } from '../../bench/train/protocol.ts';
import { report } from '../../bench/train/report.ts';
import { bestOf, doubtful, type Run } from '../../bench/train/summary.ts';

const modelOf = (name: string) => MODELS.find((model) => model.name === name)!;
const participant = { program: ['none'], kinds: [], threaded: true } as const;
const PARTICIPANTS = {
  torch: { ...participant, rival: 'PyTorch' },
  'torch-tuned': { ...participant, rival: 'PyTorch' },
  eager: participant,
  compiled: participant,
} as const;

/** A run in which each contender had these samples a second, round by round, and this loss. */
function run(speeds: Record<string, number[]>, losses: Record<string, number> = {}): Run {
  const { kind, name, network, optimizer } = modelOf('mlp');
  const none = { file: '', weights: [] };
  const examples = { x: '', y: '', count: 0, inputShape: [784], classes: 10 };
  const common = { kind, model: name, threads: 1, batch: 64, network, optimizer };
  const setting = { ...common, examples, initial: none } as Setting;
  const turn = (samplesPerSecond: number): Measured => ({
    ...{ samplesPerSecond, stepsPerSecond: samplesPerSecond / 64, rssMiB: 100, loss: 1 },
  });
  const outcomes = Object.entries(speeds).map(([contender, values]) => ({
    contender,
    prepared: { loss: losses[contender] ?? 2, firstStepMs: 300 },
    turns: values.map(turn),
  }));
  return { setting, outcomes };
}

describe('the training bench', () => {
  it('counts what the products of a step multiply and add', () => {
    const mlp = 2 * (3 * (784 * 256 + 256 * 128 + 128 * 10) - 784 * 256);
    expect(trainingGigaflop(modelOf('mlp').network) * 1e9).toBeCloseTo(mlp);
    const first = 26 * 26 * 9 * 16;
    const cnn = 2 * (3 * (first + 11 * 11 * 9 * 16 * 32 + 800 * 64 + 64 * 10) - first);
    expect(trainingGigaflop(modelOf('cnn').network) * 1e9).toBeCloseTo(cnn);
    const lstm = 2 * (3 * (32 * (16 + 64) * 256 + 64 * 10) - 32 * 16 * 256);
    expect(trainingGigaflop(modelOf('lstm').network) * 1e9).toBeCloseTo(lstm);
  });

  it('takes the better PyTorch by the medians of the rounds', () => {
    const one = run({ torch: [10, 90, 20], 'torch-tuned': [30, 40], eager: [500] });
    expect(bestOf(one, PARTICIPANTS, 'PyTorch')).toBe(35);
    expect(bestOf(one, PARTICIPANTS, 'a PyTorch loop')).toBeNaN();
  });

  it('says whether a goal is met, and who computes something else', () => {
    const speeds = { torch: [100], 'torch-tuned': [50], eager: [20] };
    const goal = (compiled: number) =>
      report([run({ ...speeds, compiled: [compiled] })], MODELS, PARTICIPANTS);
    expect(goal(200)).toContain('| ≥ 2 | 2.00 met | ≥ 1 | – | 0.20 |');
    expect(goal(199)).toContain('| ≥ 2 | 1.99 **missed** | ≥ 1 | – | 0.20 |');
    const odd = run({ ...speeds, compiled: [1] }, { compiled: 3 });
    expect(doubtful(odd)).toEqual(['compiled']);
    expect(report([odd], MODELS, PARTICIPANTS)).toContain('what compiled computed');
  });

  it('shows who can’t take part, and why', () => {
    const { setting, outcomes } = run({ torch: [100], compiled: [] });
    const unable = outcomes.map((one) =>
      one.contender === 'compiled' ? { ...one, prepared: { cannot: 'no kernels' } } : one,
    );
    const told = report([{ setting, outcomes: unable }], MODELS, PARTICIPANTS);
    expect(told).toContain('can’t: no kernels');
    expect(told).toContain('| ≥ 2 | – | ≥ 1 | – | – |');
  });
});
