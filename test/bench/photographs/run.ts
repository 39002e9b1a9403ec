import { parseArgs } from 'node:util';
import { zipFile } from '../../zip.ts';
import { figure, markdown, mean, standardDeviation } from '../figures.ts';
import { fileOf, keep, readKept } from '../kept.ts';
import { machine } from '../train.ts';
import { jobsOf, SETS, TIMED_BATCH, timed } from './jobs.ts';
import { mobileNetForm } from './mobilenet.ts';
import { DEBIAN, findPhotographs } from './photographs.ts';
import { type Ended, Service } from './service.ts';
import { type StageTime, stageTimes } from './times.ts';

/**
 * Tells photographs apart by a few dozen of them upon an imported MobileNetV2, over HTTP with a service of its own.
 *
 *     npm run bench:photographs -- [--photographs FOLDER] [--seeds 1,2,3,4,5] [--table]
 *
 * Results are kept in `.bench/`; `--table` only prints.
 */
const { values: options } = parseArgs({
  options: {
    photographs: { type: 'string', default: DEBIAN },
    seeds: { type: 'string', default: '1,2,3,4,5' },
    table: { type: 'boolean', default: false },
  },
});
const seeds = options.seeds.split(',').map(Number);

/** The share of the pictures held out that is told right after each stage, by the stage's name. */
type Accuracy = Readonly<Record<string, number>>;
interface Times {
  readonly times: readonly StageTime[];
  readonly machine: string;
}

/** Ids are the service's, and others every time. */
const accuracyFile = (set: string, job: number, seed: number) =>
  fileOf('photographs', { classes: SETS[set], spec: jobsOf(set, '', '', seed)[job] });
const TIMES = fileOf('photographs', { times: TIMED_BATCH });

async function main(): Promise<void> {
  if (!options.table) {
    const service = await Service.start();
    try {
      await measure(service);
    } catch (error) {
      console.error(await service.lastWords());
      throw error;
    } finally {
      await service.stop();
    }
  }
  console.log(`${accuracies()}\n\n${times()}`);
}

async function measure(service: Service): Promise<void> {
  const model = await service.importModel(mobileNetForm());
  for (const [set, classes] of Object.entries(SETS)) {
    const pictures = await findPhotographs(classes, options.photographs);
    const dataset = await service.uploadZip(set, zipFile(pictures));
    for (const seed of seeds) await learn(service, set, dataset, model, seed);
    if (readKept(TIMES)) continue;
    const { events } = await service.train(timed(dataset, model));
    keep(TIMES, { times: stageTimes(events), machine: machine() } satisfies Times);
  }
}

async function learn(
  service: Service,
  set: string,
  dataset: string,
  model: string,
  seed: number,
): Promise<void> {
  for (const [job, spec] of jobsOf(set, dataset, model, seed).entries()) {
    const file = accuracyFile(set, job, seed);
    if (readKept(file)) continue;
    const accuracy = accuracyByStage(await service.train(spec));
    keep(file, accuracy);
    console.error(`${set}, seed ${seed}: ${JSON.stringify(accuracy)}`);
  }
}

function accuracyByStage({ job, events }: Ended): Accuracy {
  const epochs = events.filter(({ type }) => type === 'epoch').map(({ data }) => data);
  const ends = job.spec.stages.map(({ name }, i) => {
    const last = epochs.findLast(({ stage }) => stage === i + 1)!;
    return [name!, Number((last.metrics as Record<string, unknown>).val_accuracy)];
  });
  return Object.fromEntries(ends);
}

function accuracies(): string {
  const columns = ['scratch', 'frozen', 'top', 'convolutions'];
  const rows = Object.keys(SETS).map((set) => {
    const found = seeds.map((seed) => accuracyOf(set, seed));
    const after = (stage: string) => spread(found.flatMap((accuracy) => accuracy[stage] ?? []));
    return [set, ...columns.map(after)];
  });
  return markdown(['', 'from scratch', 'MobileNetV2 frozen', 'then its top', 'or its convolutions'], rows);
}

/** Of all jobs of a set, as far as they are done. */
function accuracyOf(set: string, seed: number): Accuracy {
  const jobs = jobsOf(set, '', '', seed);
  return Object.assign({}, ...jobs.map((_, job) => readKept<Accuracy>(accuracyFile(set, job, seed))));
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return '';
  const deviation = values.length > 1 ? ` ± ${figure(standardDeviation(values))}` : '';
  return `${figure(mean(values))}${deviation}`;
}

function times(): string {
  const header = ['stage', 'layers cached', 'features, once', `a step of ${TIMED_BATCH}`];
  const kept = readKept<Times>(TIMES);
  const rows = (kept?.times ?? []).map(({ name, cachedLayers, featureSeconds, stepSeconds }) => [
    name,
    cachedLayers,
    cachedLayers > 0 ? `${featureSeconds.toFixed(1)} s` : '',
    `${(stepSeconds * 1000).toFixed(0)} ms`,
  ]);
  return `${markdown(header, rows)}\n\n${kept?.machine ?? ''}`;
}

await main();
