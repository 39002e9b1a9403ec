/** Timings that make a test quick: what production waits 10 s for is waited 2 s for here. */
export const QUICK = {
  TRAINYARD_HEARTBEAT_MS: '200',
  TRAINYARD_LEASE_MS: '2000',
  TRAINYARD_SWEEP_MS: '300',
  TRAINYARD_CANCEL_GRACE_MS: '3000',
  TRAINYARD_QUEUE_LOCK_MS: '2000',
  TRAINYARD_STALLED_CHECK_MS: '500',
};
