import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JobSpecInput } from '../../../src/spec/job.ts';
import type { PredictionRequest, PredictionResponse } from '../../../src/spec/prediction.ts';

/** A row as the data set has it: every column by name. */
export type Row = Readonly<Record<string, number>>;
export type Prediction = PredictionResponse['predictions'][number];

/** One thing to ask the trained model; `truth` is what the data say, or why there is none. */
export interface Question {
  readonly label: string;
  readonly input: Row;
  readonly truth: string;
}

/** A data set, a network to train on it, and what to ask that network. */
export interface Experiment {
  readonly name: string;
  readonly title: string;
  readonly file: string;
  /** Of the validation split, shown while training. */
  readonly metric: string;
  /** Of the test split, shown afterwards. */
  readonly testMetrics: readonly string[];
  readonly job: Omit<JobSpecInput, 'data'> & { data: Omit<JobSpecInput['data'], 'dataset'> };
  readonly ask: Omit<PredictionRequest, 'inputs'>;
  /** @param heldOut rows that the model never saw */
  questions(heldOut: readonly Row[]): readonly Question[];
  readonly columns: readonly string[];
  /** What the table shows of one answer, in the order of `columns`. */
  cells(question: Question, prediction: Prediction): readonly string[];
}

const FOLDS = ['test', 'train', 'train', 'train', 'train', 'validation', 'train', 'train', 'train', 'train'];

/** A CSV file of numbers, with a column `fold` that says which rows are held out: every tenth is. */
export class FoldedCsv {
  readonly text: string;
  readonly heldOut: readonly Row[];

  constructor(csv: string) {
    const [header, ...lines] = csv.trimEnd().split(/\r?\n/) as [string, ...string[]];
    const fold = (i: number) => FOLDS[i % FOLDS.length]!;
    this.text = [`${header},fold`, ...lines.map((line, i) => `${line},${fold(i)}`)].join('\n');
    const names = header.split(',');
    this.heldOut = lines
      .filter((_, i) => fold(i) === 'test')
      .map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i]!, Number(cell)])));
  }

  /** @param file within `examples/data` */
  static async read(file: string): Promise<FoldedCsv> {
    return new FoldedCsv(await readFile(join(examplesFolder(), file), 'utf8'));
  }
}

/** `examples/data`, beside `apps` in the sources and beside `dist` in a build. */
function examplesFolder(from = import.meta.dirname): string {
  const candidate = join(from, 'examples', 'data');
  return existsSync(candidate) ? candidate : examplesFolder(dirname(from));
}
