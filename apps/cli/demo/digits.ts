import { bits, key } from '../../../src/random.ts';
import type { ClassificationPrediction } from '../../../src/spec/prediction.ts';
import type { Experiment, Question, Row } from './experiment.ts';

const PIXELS = 64;
const BRIGHTEST = 16;
/** So much that noise leaves the network uncertain on every machine, however its sums are rounded. */
const DROPOUT = 0.5;

/** Which handwritten digit is this? A classification that knows when it is looking at none. */
export const digits: Experiment = {
  name: 'digits',
  title: 'Digits: 8 × 8 pixels, handwritten',
  file: 'digits.csv',
  metric: 'val_accuracy',
  testMetrics: ['accuracy', 'nll', 'mc_accuracy', 'mc_nll'],
  job: {
    name: 'demo-digits',
    seed: 42,
    data: { target: 'digit', task: 'classification', split: { column: 'fold' } },
    model: {
      layers: [
        { type: 'reshape', shape: [8, 8, 1] },
        { type: 'conv2d', filters: 16, kernelSize: 3, padding: 'same', activation: 'relu' },
        { type: 'maxPool' },
        { type: 'conv2d', filters: 32, kernelSize: 3, padding: 'same', activation: 'relu' },
        { type: 'flatten' },
        { type: 'dropout', rate: DROPOUT },
        { type: 'dense', units: 64, activation: 'relu' },
        { type: 'dropout', rate: DROPOUT },
      ],
    },
    stages: [
      {
        epochs: 20,
        batchSize: 32,
        optimizer: { type: 'adam', learningRate: 0.002 },
        earlyStopping: { monitor: 'val_loss', patience: 5 },
      },
    ],
    evaluate: { mcDropout: { samples: 50 } },
  },
  ask: { mcDropout: { samples: 100, seed: 7, quantiles: [], returnSamples: false }, abstainAbove: 0.5 },
  questions(heldOut) {
    const written = (digit: number) => heldOut.find((row) => row.digit === digit)!;
    return [
      ...[0, 2, 4, 7, 9].map((digit) => asked('held out', written(digit), String(digit))),
      asked('3 and 8, half each', blend(written(3), written(8), 0.5), '3 or 8'),
      asked('3 under noise', blend(written(3), noise(), 0.5), '3'),
      asked('noise only', noise(), 'none'),
    ];
  },
  columns: ['image', 'truth', 'answer', 'probability', 'entropy', 'mutual information', ''],
  cells({ label, truth }, prediction) {
    const {
      predictedClass,
      probabilities,
      probabilitiesStd,
      predictiveEntropy,
      mutualInformation,
      abstained,
    } = prediction as ClassificationPrediction;
    return [
      label,
      truth,
      predictedClass,
      `${fixed(probabilities[predictedClass]!)} ± ${fixed(probabilitiesStd![predictedClass]!)}`,
      fixed(predictiveEntropy),
      fixed(mutualInformation!),
      abstained ? 'abstains' : '',
    ];
  },
};

function asked(label: string, { digit: _, ...input }: Row, truth: string): Question {
  return { label, input, truth };
}

/** Pixel by pixel, `share` of the second image. */
function blend(first: Row, second: Row, share: number): Row {
  return image((i) => Math.round((1 - share) * first[`p${i}`]! + share * second[`p${i}`]!));
}

function noise(): Row {
  const stream = key('demo', 'noise');
  return image((i) => bits(stream, i) % (BRIGHTEST + 1));
}

function image(brightness: (pixel: number) => number): Row {
  return Object.fromEntries(Array.from({ length: PIXELS }, (_, i) => [`p${i}`, brightness(i)]));
}

function fixed(value: number | string): string {
  return Number(value).toFixed(2);
}
