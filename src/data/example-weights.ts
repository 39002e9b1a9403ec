import type { DataSpec } from '../spec/data.ts';
import type { FittedPreprocess } from '../spec/preprocess.ts';
import { DataError } from './data-error.ts';
import { classesOf, numbersOf, type Table } from './table.ts';

/** The sample weight of each row, or undefined where none are asked for. */
export function sampleWeights(table: Table, data: DataSpec, rows: Uint32Array): Float32Array | undefined {
  if (data.sampleWeight === undefined) return undefined;
  const { values } = numbersOf(table, data.sampleWeight);
  return Float32Array.from(rows, (row) => values[row]!);
}

/**
 * The weight of each training row: its sample weight times its class's weight. `balanced` weighs a class by
 * n / (k · n_c), so that every class weighs the same in sum (King and Zeng 2001, as scikit-learn has it); a class
 * that a map leaves out weighs 1. Other splits have no class weights: they measure.
 * @throws DataError where nothing is left that weighs anything
 */
export function trainingWeights(
  table: Table,
  data: DataSpec,
  preprocess: FittedPreprocess,
  rows: Uint32Array,
): Float32Array | undefined {
  const samples = sampleWeights(table, data, rows);
  const weightOf = classWeightOf(table, data, preprocess, rows);
  if (!samples && !weightOf) return undefined;
  const weights = Float32Array.from(rows, (row, i) => (samples?.[i] ?? 1) * (weightOf?.(row) ?? 1));
  if (!weights.some((weight) => weight > 0)) throw new DataError('every training row has the weight 0');
  return weights;
}

function classWeightOf(
  table: Table,
  data: DataSpec,
  { target }: FittedPreprocess,
  rows: Uint32Array,
): ((row: number) => number) | undefined {
  if (data.classWeights === undefined || target.type !== 'category') return undefined;
  const { codes, classes } = classesOf(table, target.name);
  if (data.classWeights !== 'balanced') {
    const given = new Map(Object.entries(data.classWeights));
    return (row) => given.get(classes[codes[row]!]!) ?? 1;
  }
  const counts = new Float64Array(classes.length);
  for (const row of rows) counts[codes[row]!]!++;
  const present = counts.filter((count) => count > 0).length;
  return (row) => rows.length / (present * counts[codes[row]!]!);
}
