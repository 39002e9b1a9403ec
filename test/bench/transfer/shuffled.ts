import { key, permutation } from '../../../src/random.ts';

/** In an order of the seed's. */
export function shuffled<T>(values: readonly T[], seed: number): T[] {
  return Array.from(permutation(key(seed, 'bench'), values.length), (place) => values[place]!);
}
