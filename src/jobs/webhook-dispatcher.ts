import { TrainyardError } from './errors.ts';
import type { ClaimedDelivery, DeliveryOutcome, Outbound, Store } from './ports.ts';
import { webhookMessage } from './webhook-message.ts';
import { webhookSecret } from './webhook-secret.ts';

interface Dependencies {
  store: Pick<Store, 'deliveries' | 'onJobChanged'>;
  outbound: Pick<Outbound, 'deliver'>;
  internalToken: string;
  /** After so long a delivery whose deliverer fell silent goes to another; longer than an attempt takes. */
  leaseMs: number;
  /** How long is waited after each attempt that fails; after one more it is given up. */
  retryMs?: readonly number[];
  onFault: (error: unknown) => void;
}

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000];
/** Over 18 hours. */
const RETRY_MS = [5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR];
/** One at a time to each webhook, so that a slow receiver only keeps itself waiting. */
const AT_ONCE = 16;
/** News come by the database's word; what is due again, or was said while nobody listened, is looked for. */
const POLL_MS = SECOND;
/** News in a row are looked at together. */
const GATHER_MS = 50;
const KEPT_MS = 7 * 24 * HOUR;
const OVERDUE_MS = 3 * 24 * HOUR;

export interface Dispatcher {
  /** Ends once what is being delivered is. */
  stop(): Promise<void>;
}

/**
 * Delivers what webhooks are to be told, until stopped. Every process of the API may do so at once: a delivery is one's
 * until its lease ends, so a message comes twice only where its deliverer died, or hung, before it could note the answer.
 */
export function startDispatcher(dependencies: Dependencies): Dispatcher {
  const { store, outbound, internalToken, leaseMs, retryMs = RETRY_MS, onFault } = dependencies;
  const atWork = new Set<Promise<void>>();
  let stopped = false;
  let isNews = false;
  let endNap = (): void => {};
  let gathering: NodeJS.Timeout | undefined;
  let cleanedAt = 0;

  const unsubscribe = store.onJobChanged(() => {
    gathering ??= setTimeout(() => {
      gathering = undefined;
      wake();
    }, GATHER_MS);
  });
  const running = run();
  return {
    async stop() {
      stopped = true;
      unsubscribe();
      clearTimeout(gathering);
      wake();
      await running;
    },
  };

  async function run(): Promise<void> {
    while (!stopped) {
      const began = await begin().catch((error) => {
        onFault(error);
        return 0;
      });
      if (began === 0 && !stopped) await nap();
    }
    await Promise.all(atWork);
  }

  /** @returns how many deliveries it has begun */
  async function begin(): Promise<number> {
    await cleanNowAndThen();
    const room = AT_ONCE - atWork.size;
    const claims = room > 0 ? await store.deliveries.claim(room, leaseMs) : [];
    for (const claim of claims) {
      const work = deliver(claim)
        .catch(onFault)
        .finally(() => {
          atWork.delete(work);
          wake();
        });
      atWork.add(work);
    }
    return claims.length;
  }

  async function deliver(claim: ClaimedDelivery): Promise<void> {
    const { url, id, salt } = claim;
    const body = JSON.stringify(webhookMessage(claim));
    const said = await outbound.deliver({ url, id, body, secret: webhookSecret(internalToken, salt) }).then(
      (answer) => ({ answer, fault: null }),
      (error) => ({ answer: null, fault: faultOf(error) }),
    );
    const outcome = outcomeOf(claim, said);
    await store.deliveries.settle(claim, outcome);
    if (outcome.status !== 'delivered') await giveUpOverdue(claim.webhookId);
  }

  /** Of one who fails for days more may be said than attempts can be made: that must not grow for ever. */
  async function giveUpOverdue(webhookId: string): Promise<void> {
    const before = new Date(Date.now() - OVERDUE_MS);
    await store.deliveries.giveUpDueBefore(webhookId, before, 'Messages before it have failed for 3 days');
  }

  function outcomeOf(
    { attempts }: ClaimedDelivery,
    said: Pick<DeliveryOutcome, 'answer' | 'fault'>,
  ): DeliveryOutcome {
    const { answer } = said;
    if (answer !== null && answer >= 200 && answer <= 299)
      return { ...said, status: 'delivered', retryMs: 0, quietMs: 0 };
    const wait = retryMs[attempts - 1];
    // Who fails at one message is left alone for a moment; it would most likely fail at the next one too.
    return {
      ...said,
      status: wait === undefined ? 'gaveUp' : 'pending',
      retryMs: wait ?? 0,
      quietMs: retryMs[0] ?? 0,
    };
  }

  async function cleanNowAndThen(): Promise<void> {
    if (Date.now() - cleanedAt < HOUR) return;
    cleanedAt = Date.now();
    await store.deliveries.deleteEndedBefore(new Date(Date.now() - KEPT_MS));
  }

  function wake(): void {
    isNews = true;
    endNap();
  }

  /** Until there are news, also of before. */
  async function nap(): Promise<void> {
    if (!isNews)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MS);
        endNap = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    isNews = false;
  }
}

/** What isn’t meant for users stays with us. */
function faultOf(error: unknown): string {
  return error instanceof TrainyardError && error.status < 500 ? error.message : 'It could not be sent';
}
