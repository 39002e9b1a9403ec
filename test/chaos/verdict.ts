import type { Outcome } from './carry-out.ts';
import type { Entry, Ledger } from './soak/soak.ts';

export interface Verdict {
  readonly jobs: { accepted: number; ended: number; succeeded: number; lost: number; doubled: number };
  readonly steps: { expected: number; lost: number; doubled: number; different: number };
  readonly weights: { equal: number; different: number };
  readonly events: { faults: number };
  readonly runs: number;
  /** In words; none where all is as it was promised. */
  readonly faults: readonly string[];
}

export function judge({ entries, jobRows, client, seen }: Ledger): Verdict {
  const compared = entries.map((entry) => ({ entry, points: comparePoints(entry) }));
  const sum = (count: (it: (typeof compared)[number]) => number) =>
    compared.reduce((total, it) => total + count(it), 0);
  const ended = sum(({ entry }) => Number(entry.outcome.ends >= 1));
  const equal = sum(({ entry }) => Number(entry.outcome.weights === entry.expected.weights));
  return {
    jobs: {
      accepted: entries.length,
      ended,
      succeeded: sum(({ entry }) => Number(entry.outcome.status === 'succeeded')),
      lost: entries.length - ended,
      doubled: jobRows - entries.length + sum(({ entry }) => Number(isDoubled(entry.outcome))),
    },
    steps: {
      expected: sum(({ entry }) => entry.expected.points.size),
      lost: sum(({ points }) => points.lost),
      doubled: sum(({ points }) => points.doubled),
      different: sum(({ points }) => points.different),
    },
    weights: { equal, different: entries.length - equal },
    events: { faults: sum(({ entry }) => entry.outcome.eventFaults) },
    runs: sum(({ entry }) => entry.outcome.runs.length),
    faults: [...entries.flatMap(differencesOf), ...client.faults, ...seen],
  };
}

function isDoubled({ ends, models }: Outcome): boolean {
  return ends > 1 || models > 1;
}

function comparePoints({ outcome, expected }: Entry) {
  const missing = [...expected.points.keys()].filter((place) => !outcome.points.has(place));
  const common = [...expected.points].filter(([place]) => outcome.points.has(place));
  return {
    lost: missing.length,
    doubled: outcome.points.size - common.length,
    different: common.filter(([place, value]) => outcome.points.get(place) !== value).length,
  };
}

/** In words, how a job differs from the same one undisturbed. */
export function differencesOf(entry: Entry): string[] {
  const { name, outcome, expected } = entry;
  const points = comparePoints(entry);
  const faults = [
    outcome.status !== expected.status && `is ${outcome.status} (${outcome.failure})`,
    isDoubled(outcome) && `ended ${outcome.ends} times with ${outcome.models} models`,
    outcome.ends === 0 && 'never ended',
    points.lost > 0 && `lost ${points.lost} metric points`,
    points.doubled > 0 && `has ${points.doubled} metric points too many`,
    points.different > 0 && `has ${points.different} metric points of another value`,
    outcome.weights !== expected.weights && 'has other weights',
    outcome.eventFaults > 0 && `lost or doubled ${outcome.eventFaults} events to its watcher`,
  ];
  return faults.filter((fault) => fault !== false).map((fault) => `${outcome.jobId} (${name}) ${fault}`);
}
