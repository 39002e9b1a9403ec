import { markdown } from '../figures.ts';
import type { Participant } from './contenders.ts';
import type { Model } from './models.ts';
import { gigaflops, peakOf, type Run, speeds } from './summary.ts';

/** Of the GEMM peak, on the MLP. */
const LEAST_SHARE = 0.6;
const MOST_COMPILE_MS = 500;

/** What else the compiled step aims at: use of the GEMM, time to compile, memory. Empty where it took no part. */
export function aims(
  runs: readonly Run[],
  models: readonly Model[],
  participants: Readonly<Record<string, Participant>>,
): string {
  const rows = runs.flatMap((run) => {
    const { model: name, batch, threads, kind } = run.setting;
    const outcome = run.outcomes.find(({ contender, turns }) => contender === 'compiled' && turns.length > 0);
    if (kind === 'gemm' || !outcome) return [];
    const { title } = models.find((model) => model.name === name)!;
    const part = gigaflops(run, outcome) / peakOf(runs, threads);
    const aim = name === 'mlp' ? LEAST_SHARE : 0;
    const compileMs = outcome.prepared.firstStepMs! - (1000 * batch) / speeds(outcome).median;
    return [
      [
        ...[title, batch, threads],
        Number.isFinite(part) ? `${(100 * part).toFixed(0)}%${verdict(part >= aim, aim > 0)}` : '–',
        `${compileMs.toFixed(0)} ms${verdict(compileMs < MOST_COMPILE_MS)}`,
        memory(run, participants),
      ],
    ];
  });
  const header = ['compiled', 'batch', 'threads', 'of the GEMM peak', 'to compile', 'peak MiB, PyTorch’s'];
  const asked = `Aims: ${100 * LEAST_SHARE}% of the GEMM peak on the MLP, compiled within ${MOST_COMPILE_MS} ms.`;
  return rows.length > 0 ? `${markdown(header, rows)}\n\n${asked}` : '';
}

function verdict(isMet: boolean, isAsked = true): string {
  if (!isAsked) return '';
  return isMet ? ' met' : ' **missed**';
}

/** Ours, and the least that a PyTorch took. */
function memory({ outcomes }: Run, participants: Readonly<Record<string, Participant>>): string {
  const taken = (isTheirs: boolean) =>
    outcomes
      .filter(({ contender }) =>
        isTheirs ? participants[contender]!.rival !== undefined : contender === 'compiled',
      )
      .flatMap(({ turns }) => turns.at(-1)?.rssMiB ?? []);
  const [ours, theirs] = [taken(false), taken(true)].map((values) => Math.min(...values));
  return [ours!, theirs!].map((value) => (Number.isFinite(value) ? value.toFixed(0) : '–')).join(', ');
}
