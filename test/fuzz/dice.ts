import { type Key, key, uniform } from '../../src/random.ts';

/** Throws that follow from a seed: the same requests in the same order, on any machine. */
export class Dice {
  readonly #stream: Key;
  #thrown = 0;

  constructor(...parts: readonly (number | string)[]) {
    this.#stream = key('fuzz', ...parts);
  }

  /** 0 ≤ x < 1 */
  share(): number {
    return uniform(this.#stream, this.#thrown++);
  }

  /** Whether something that happens so often happens now. */
  chance(share: number): boolean {
    return this.share() < share;
  }

  /** 0 ≤ n < below */
  below(below: number): number {
    return Math.floor(this.share() * below);
  }

  /** @throws RangeError for an empty list */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('nothing to pick from');
    return list[this.below(list.length)]!;
  }

  /** By their weights. */
  weighted<T>(choices: readonly (readonly [weight: number, choice: T])[]): T {
    let left = this.share() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, choice] of choices) {
      left -= weight;
      if (left < 0) return choice;
    }
    return choices.at(-1)![1];
  }
}
