import { availableParallelism } from 'node:os';

/** Decoders beyond this wait for one another, and each holds a picture. */
const MOST_AT_ONCE = 8;
/** While one is read from the disk, every core has another to decode. */
const AT_ONCE = Math.min(availableParallelism() + 1, MOST_AT_ONCE);

/** Does `work` for each number from 0 to `count` − 1, several at once, and none that begins after one failed. */
export async function severalAtOnce(count: number, work: (i: number) => Promise<void>): Promise<void> {
  let next = 0;
  const lane = async () => {
    try {
      while (next < count) await work(next++);
    } catch (error) {
      next = count;
      throw error;
    }
  };
  // What is at work when one fails still comes to its end: nothing is taken away from under it.
  const lanes = await Promise.allSettled(Array.from({ length: AT_ONCE }, lane));
  const failed = lanes.find((end) => end.status === 'rejected');
  if (failed) throw failed.reason;
}
