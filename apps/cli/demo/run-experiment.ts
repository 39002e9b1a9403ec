import type { EventResource } from '../../../src/spec/resource/event.ts';
import type { JobResource } from '../../../src/spec/resource/job.ts';
import type { Client } from '../client.ts';
import { CommandError } from '../command-error.ts';
import { ProgressBar } from '../progress.ts';
import { table } from '../table.ts';
import { type Experiment, FoldedCsv } from './experiment.ts';

/** Uploads the data, trains, watches, asks, and prints what came of it. */
export async function runExperiment(client: Client, experiment: Experiment): Promise<void> {
  console.log(`\n${experiment.title}`);
  const csv = await FoldedCsv.read(experiment.file);
  const dataset = await client.uploadCsv(experiment.name, csv.text);
  console.log(`${dataset.rows} rows, ${dataset.columns.length} columns → ${dataset.id}`);
  const spec = { ...experiment.job, data: { ...experiment.job.data, dataset: dataset.id } };
  const job = await watch(client, (await client.createJob(spec)).id, experiment);
  console.log(`test: ${testMetrics(job, experiment)} → ${job.modelId}`);
  await ask(client, job.modelId!, experiment, csv);
}

async function watch(client: Client, jobId: string, { name, metric }: Experiment): Promise<JobResource> {
  const bar = new ProgressBar(name.padEnd(8));
  for await (const event of client.events(jobId)) {
    if (event.type === 'epoch') bar.show(epochStep(event, metric));
  }
  bar.end();
  const job = await client.getJob(jobId);
  if (job.status === 'succeeded') return job;
  throw new CommandError(
    `The job ${jobId} ended as ${job.status}: ${job.failure?.message ?? 'no reason given'}`,
  );
}

function epochStep({ data }: EventResource, metric: string) {
  const { epoch, epochs, metrics, progress, etaSeconds } = data as {
    epoch: number;
    epochs: number;
    metrics: Record<string, number | string>;
    progress: number;
    etaSeconds: number | null;
  };
  const shown = ['loss', metric].map((name) => `${name} ${Number(metrics[name]).toPrecision(3)}`);
  const eta = etaSeconds === null ? '' : `ETA ${Math.ceil(etaSeconds)} s`;
  return { progress, text: [`epoch ${epoch}/${epochs}`, ...shown, eta].join('  ') };
}

function testMetrics({ metrics }: JobResource, experiment: Experiment): string {
  return experiment.testMetrics
    .map((name) => `${name} ${Number(metrics[`test_${name}`]).toPrecision(3)}`)
    .join(', ');
}

async function ask(client: Client, modelId: string, experiment: Experiment, csv: FoldedCsv): Promise<void> {
  const questions = experiment.questions(csv.heldOut);
  const inputs = questions.map(({ input }) => ({ ...input }));
  const { predictions, samplesUsed } = await client.predict(modelId, { ...experiment.ask, inputs });
  const rows = questions.map((question, i) => experiment.cells(question, predictions[i]!));
  console.log(`\n${table(experiment.columns, rows)}`);
  const abstained = predictions.filter(
    (prediction) => 'abstained' in prediction && prediction.abstained,
  ).length;
  console.log(
    `${samplesUsed} passes with dropout on; abstains above ${experiment.ask.abstainAbove}: ${abstained} of ${rows.length}`,
  );
}
