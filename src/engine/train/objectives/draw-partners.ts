import { bits, type Key, key, permutation, uniform } from '../../../random.ts';
import type { Examples } from '../batch.ts';

/** A split's examples group by group. */
export interface Groups {
  /** The examples, those of one group on end. */
  readonly sorted: Uint32Array;
  /** Of each example, its place in `sorted`, and where its group begins and ends there. */
  readonly place: Uint32Array;
  readonly start: Uint32Array;
  readonly end: Uint32Array;
}

/** Groups examples by their one target, the number of a group. */
export function groupExamples({ y, count }: Pick<Examples, 'y' | 'count'>): Groups {
  const sorted = Uint32Array.from({ length: count }, (_, i) => i).sort((a, b) => y[a]! - y[b]! || a - b);
  const [place, start, end] = [new Uint32Array(count), new Uint32Array(count), new Uint32Array(count)];
  for (let from = 0; from < count; ) {
    let to = from;
    while (to < count && y[sorted[to]!] === y[sorted[from]!]) to++;
    for (let i = from; i < to; i++) {
      place[sorted[i]!] = i;
      start[sorted[i]!] = from;
      end[sorted[i]!] = to;
    }
    from = to;
  }
  return { sorted, place, start, end };
}

/**
 * Draws a partner for each of these examples: half of them, chosen at random, get another of their own group, the
 * others one of another group; an odd one out gets either by a coin. An example that is alone in its group has
 * none of the same, and in a split of one group there is no other: they get what there is, and one that is alone
 * in its split gets itself.
 * @returns `same`: 1 where both are of one group, else 0
 */
export function drawPartners(
  groups: Groups,
  rows: Uint32Array,
  stream: Key,
): { partners: Uint32Array; same: Float32Array } {
  const count = rows.length;
  const half = Math.floor(count / 2 + uniform(key(...stream, 'half'), 0));
  const isSame = new Uint8Array(count);
  for (const i of permutation(key(...stream, 'same'), count).subarray(0, half)) isSame[i] = 1;
  const partners = new Uint32Array(count);
  const same = new Float32Array(count);
  for (const [i, row] of rows.entries()) {
    const draw = (choices: number) => Math.floor((bits(stream, i) / 4294967296) * choices);
    const ofGroup = groups.end[row]! - groups.start[row]! - 1;
    const ofOthers = groups.sorted.length - ofGroup - 1;
    const takesSame = ofOthers === 0 || (isSame[i] === 1 && ofGroup > 0);
    same[i] = Number(takesSame);
    partners[i] = takesSame ? another(groups, row, draw(ofGroup)) : stranger(groups, row, draw(ofOthers));
  }
  return { partners, same };
}

/** The n-th example of a row's group, itself left out; itself where it is alone. */
function another({ sorted, place, start }: Groups, row: number, n: number): number {
  const position = start[row]! + n;
  return sorted[position < place[row]! ? position : Math.min(position + 1, sorted.length - 1)]!;
}

/** The n-th example of the other groups. */
function stranger({ sorted, start, end }: Groups, row: number, n: number): number {
  return sorted[n < start[row]! ? n : n + end[row]! - start[row]!]!;
}
