/** Where threads wait for each other: a few integers in shared memory. */

const [GO, COMMAND, ARRIVED, DONE, FAILED] = [0, 1, 2, 3, 4];
export const RENDEZVOUS_INTEGERS = 16;

/** So often a thread looks before it goes to sleep: some tens of microseconds, which most waits are shorter than. */
const LOOKS = 4_000;
/** From one step to the next the leader has more to do. */
const LOOKS_BETWEEN = 20_000;
const SLEEP_MS = 100;

/** A thread failed, and the others can't go on without it. */
export class ThreadFailedError extends Error {
  override readonly name = 'ThreadFailedError';
}

/** One thread's part of the rendezvous. Counts only ever rise, and may wrap around. */
export class Rendezvous {
  readonly #integers: Int32Array;
  readonly #threads: number;
  #met = 0;
  #commands = 0;

  constructor(integers: Int32Array, threads: number) {
    this.#integers = integers;
    this.#threads = threads;
  }

  /** Waits until all threads are here. */
  meet = (): void => {
    this.#met = (this.#met + this.#threads) | 0;
    const arrived = (Atomics.add(this.#integers, ARRIVED, 1) + 1) | 0;
    if (arrived === this.#met) Atomics.notify(this.#integers, ARRIVED);
    else this.#until(ARRIVED, this.#met);
  };

  /** The leader's: has all others do something. */
  command(command: number): void {
    Atomics.store(this.#integers, COMMAND, command);
    this.#commands = (this.#commands + 1) | 0;
    Atomics.store(this.#integers, GO, this.#commands);
    Atomics.notify(this.#integers, GO);
  }

  /** The leader's: waits until all others have done what it commanded. */
  awaitDone(): void {
    this.#until(DONE, Math.imul(this.#commands, this.#threads - 1));
  }

  /** A follower's: waits for the next command. */
  nextCommand(): number {
    this.#commands = (this.#commands + 1) | 0;
    this.#until(GO, this.#commands, LOOKS_BETWEEN);
    return Atomics.load(this.#integers, COMMAND);
  }

  done(): void {
    Atomics.add(this.#integers, DONE, 1);
    Atomics.notify(this.#integers, DONE);
  }

  /** A follower's: lets nobody wait for it. */
  fail(): void {
    Atomics.store(this.#integers, FAILED, 1);
    for (const place of [ARRIVED, DONE]) Atomics.notify(this.#integers, place);
  }

  /** Until the count at a place is at least so high. */
  #until(place: number, count: number, looks = LOOKS): void {
    for (let look = 0; ; look++) {
      const now = Atomics.load(this.#integers, place);
      if (((now - count) | 0) >= 0) return;
      if (Atomics.load(this.#integers, FAILED) !== 0) {
        throw new ThreadFailedError('a thread of the compiled program failed');
      }
      if (look >= looks) Atomics.wait(this.#integers, place, now, SLEEP_MS);
    }
  }
}
