import { parseArgs } from 'node:util';
import { zipFile } from '../../zip.ts';
import { figure, markdown, mean, standardDeviation } from '../figures.ts';
import { fileOf, keep, readKept } from '../kept.ts';
import { machine } from '../train.ts';
import { fromScratch, SETS, TIMED_BATCH, timed, uponMobileNet } from './jobs.ts';
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

interface Outcome {
  readonly pictures: number;
  /** The share of the pictures held out that is told right after each stage, by the stage's name. */
  readonly accuracy: Readonly<Record<string, number>>;
}
interface Times {
  readonly times: readonly StageTime[];
  readonly machine: string;
}

const fileOfSet = (name: string, seed: number) => fileOf('photographs', { set: SETS[name], seed });
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
  let dataset = '';
  for (const [name, classes] of Object.entries(SETS)) {
    const pictures = await findPhotographs(classes, options.photographs);
    dataset = await service.uploadZip(name, zipFile(pictures));
    for (const seed of seeds) {
      if (readKept(fileOfSet(name, seed))) continue;
      const label = `${name}, seed ${seed}`;
      const ended = [
        await service.train(fromScratch(label, dataset, seed)),
        await service.train(uponMobileNet(label, dataset, model, seed)),
      ];
      const accuracy = Object.assign({}, ...ended.map(accuracyByStage));
      keep(fileOfSet(name, seed), { pictures: pictures.length, accuracy } satisfies Outcome);
      console.error(`${label}: ${JSON.stringify(accuracy)}`);
    }
  }
  if (readKept(TIMES)) return;
  const { events } = await service.train(timed(dataset, model));
  keep(TIMES, { times: stageTimes(events), machine: machine() } satisfies Times);
}

function accuracyByStage({ job, events }: Ended): Outcome['accuracy'] {
  const epochs = events.filter(({ type }) => type === 'epoch').map(({ data }) => data);
  const ends = job.spec.stages.map(({ name }, i) => {
    const last = epochs.findLast(({ stage }) => stage === i + 1)!;
    return [name!, Number((last.metrics as Record<string, unknown>).val_accuracy)];
  });
  return Object.fromEntries(ends);
}

function accuracies(): string {
  const header = ['', 'pictures', 'from scratch', 'MobileNetV2 frozen', 'then its top unfrozen'];
  const rows = Object.keys(SETS).map((name) => {
    const found = seeds.flatMap((seed) => {
      const outcome = readKept<Outcome>(fileOfSet(name, seed));
      return outcome ? [outcome] : [];
    });
    const after = (stage: string) => spread(found.map(({ accuracy }) => accuracy[stage]!));
    return [name, found[0]?.pictures ?? '', after('scratch'), after('frozen'), after('top')];
  });
  return markdown(header, rows);
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
