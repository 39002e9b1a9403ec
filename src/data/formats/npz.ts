import { readNpz } from '../readers/npz/index.ts';
import type { StoredFormat } from './format.ts';
import { pairedArrays } from './paired-arrays.ts';

/** NPZ, NumPy's archive of arrays, as Keras has MNIST. The arrays' names say what is a part's. */
export const npz: StoredFormat = { reads: 'file', ...pairedArrays(readNpz, (path) => path) };
