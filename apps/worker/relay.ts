import { setTimeout as sleep } from 'node:timers/promises';
import { TrainyardError } from '../../src/jobs/errors.ts';
import type { TrainerMessage } from '../../src/spec/trainer.ts';

export interface Relay<Message> {
  /** Takes a message; it is recorded after those before it. */
  push(message: Message): void;
  /** Resolves when all that was pushed is recorded. @throws what `record` threw: then nothing more is recorded */
  drained(): Promise<void>;
}

/** Of metric points, so many are written at once. */
const MOST_POINTS = 5_000;
const FIRST_RETRY_MS = 200;
const LONGEST_RETRY_MS = 5_000;

/**
 * Records messages in order, one at a time. While the database can't be reached they wait here, and training
 * goes on. Progress that waits together is written together.
 * @param onFault hears of the error that ends recording, once
 */
export function createRelay<Message extends TrainerMessage>(
  record: (message: Message) => Promise<void>,
  onFault: (error: unknown) => void,
): Relay<Message> {
  const waiting: Message[] = [];
  let fault: { error: unknown } | null = null;
  let working: Promise<void> | null = null;

  async function work(): Promise<void> {
    for (let message = next(waiting); message && !fault; message = next(waiting)) {
      try {
        await recordPatiently(message);
      } catch (error) {
        fault = { error };
        onFault(error);
      }
    }
    working = null;
  }

  async function recordPatiently(message: Message): Promise<void> {
    for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(2 * delayMs, LONGEST_RETRY_MS)) {
      try {
        return await record(message);
      } catch (error) {
        if (!(error instanceof TrainyardError && error.code === 'unavailable')) throw error;
        await sleep(delayMs);
      }
    }
  }

  return {
    push(message) {
      waiting.push(message);
      working ??= work();
    },
    async drained() {
      await working;
      if (fault) throw fault.error;
    },
  };
}

/** The next message; progress with what follows of it at once. */
function next<Message extends TrainerMessage>(waiting: Message[]): Message | undefined {
  const message = waiting.shift();
  if (message?.type !== 'progress') return message;
  const joined = { ...message, points: [...message.points], epochs: [...message.epochs] };
  for (
    let head = waiting[0];
    head?.type === 'progress' && joined.points.length < MOST_POINTS;
    head = waiting[0]
  ) {
    const { points, epochs, ...standing } = head;
    Object.assign(joined, standing);
    joined.points.push(...points);
    joined.epochs.push(...epochs);
    waiting.shift();
  }
  return joined;
}
