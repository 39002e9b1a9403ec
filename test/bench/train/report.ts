import { markdown } from '../figures.ts';
import { aims } from './aims.ts';
import type { Participant } from './contenders.ts';
import type { Model } from './models.ts';
import { GEMM_GIGAFLOP } from './operations.ts';
import { bestOf, doubtful, gigaflops, medianOf, peakOf, type Run, speeds } from './summary.ts';

type Participants = Readonly<Record<string, Participant>>;

/** All of a bench's runs as Markdown: the goals first, then each run by itself. */
export function report(runs: readonly Run[], models: readonly Model[], participants: Participants): string {
  const trained = runs.filter(({ setting }) => setting.kind !== 'gemm');
  const parts = [goals(trained, models, participants), aims(runs, models, participants), products(runs)];
  for (const run of trained) parts.push(details(run, runs, models, participants));
  return parts.filter(Boolean).join('\n\n');
}

/** For each goal: how many times as fast as the better PyTorch ours is. */
function goals(runs: readonly Run[], models: readonly Model[], participants: Participants): string {
  const header = [
    'model',
    'batch',
    'threads',
    'over',
    'goal',
    'compiled',
    'goal, WASM',
    'compiled, WASM',
    'eager',
  ];
  const rows = runs.flatMap((run) => {
    const { model: name, batch, threads } = run.setting;
    const model = models.find((one) => one.name === name)!;
    return model.goals.map((goal) => {
      const rival = bestOf(run, participants, goal.over);
      const ratio = (contender: string) => medianOf(run, contender) / rival;
      const wasm = goal['compiled-wasm'];
      const met = (contender: string, least?: number) => verdict(ratio(contender), least);
      return [
        ...[model.title, batch, threads, goal.over, `≥ ${goal.compiled}`, met('compiled', goal.compiled)],
        ...[wasm === undefined ? '' : `≥ ${wasm}`, met('compiled-wasm', wasm), times(ratio('eager'))],
      ];
    });
  });
  return rows.length > 0 ? markdown(header, rows) : '';
}

function verdict(ratio: number, least: number | undefined): string {
  if (Number.isNaN(ratio)) return '–';
  if (least === undefined) return times(ratio);
  return `${times(ratio)} ${ratio >= least ? 'met' : '**missed**'}`;
}

function products(runs: readonly Run[]): string {
  const rows = runs
    .filter(({ setting }) => setting.kind === 'gemm')
    .flatMap(({ setting: { threads }, outcomes }) =>
      outcomes.map((outcome) => {
        const { median, least, most } = speeds(outcome);
        const [middle, low, high] = [median, least, most].map((speed) => (speed * GEMM_GIGAFLOP).toFixed(0));
        return [threads, outcome.contender, middle, `${low}–${high}`];
      }),
    );
  const header = ['threads', '1,024³ products by', 'GFLOP/s', 'least–most'];
  return rows.length > 0 ? markdown(header, rows) : '';
}

function details(
  run: Run,
  runs: readonly Run[],
  models: readonly Model[],
  participants: Participants,
): string {
  const { model: name, batch, threads, kind } = run.setting;
  const { title, goals: asked } = models.find((one) => one.name === name)!;
  const rivals = asked.map(({ over }) => over);
  const peak = peakOf(runs, threads);
  const isTraining = kind === 'training';
  const header = [
    ...['contender', 'samples/s', 'least–most', isTraining ? 'ms a step' : 'ms a request'],
    ...rivals.map((rival) => `over ${rival}`),
    ...(isTraining ? ['GFLOP/s'] : []),
    ...['peak MiB', 'first step, ms', isTraining ? 'loss' : 'deviation', 'how'],
  ];
  const rows = run.outcomes.map((outcome) => {
    const { contender, prepared, turns } = outcome;
    const blanks = Array.from({ length: header.length - 2 }, () => '');
    if (prepared.cannot !== undefined) return [contender, ...blanks, `can’t: ${prepared.cannot}`];
    const { median, least, most } = speeds(outcome);
    const achieved = gigaflops(run, outcome);
    return [
      ...[contender, whole(median), `${whole(least)}–${whole(most)}`, brief((1000 * batch) / median)],
      ...rivals.map((rival) => times(median / bestOf(run, participants, rival))),
      ...(isTraining ? [`${brief(achieved)}${share(achieved / peak)}`] : []),
      ...[whole(turns.at(-1)?.rssMiB ?? NaN), brief(prepared.firstStepMs ?? NaN)],
      ...[prepared.loss?.toPrecision(3) ?? '', prepared.variant ?? ''],
    ];
  });
  const heading = `### ${title}: ${batch} rows, ${threads} thread${threads === 1 ? '' : 's'}`;
  return [heading, markdown(header, rows), doubts(run)].filter(Boolean).join('\n\n');
}

function doubts(run: Run): string {
  const names = doubtful(run);
  return names.length > 0 ? `Not of the others’ order: what ${names.join(', ')} computed.` : '';
}

function whole(value: number): string {
  return Number.isNaN(value) ? '' : Math.round(value).toLocaleString('en');
}

/** Three digits that matter. */
function brief(value: number): string {
  return Number.isNaN(value) ? '' : String(Number(value.toPrecision(3)));
}

function times(ratio: number): string {
  return Number.isNaN(ratio) ? '–' : ratio.toFixed(2);
}

function share(part: number): string {
  return Number.isFinite(part) ? ` (${(100 * part).toFixed(0)}%)` : '';
}
