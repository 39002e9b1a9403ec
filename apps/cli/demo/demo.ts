import { Client } from '../client.ts';
import { CommandError } from '../command-error.ts';
import { stopRequest } from '../stop-request.ts';
import { concrete } from './concrete.ts';
import { DemoService } from './demo-service.ts';
import { digits } from './digits.ts';
import { runExperiment } from './run-experiment.ts';

/**
 * `trainyard demo`: starts a service of its own, trains two networks on it over the public HTTP API, and asks
 * both what they know and what they don't.
 * @throws CommandError with the end of the service's logs
 */
export async function demo(): Promise<void> {
  const interrupted = stopRequest().then(() => {
    throw new CommandError('Interrupted.');
  });
  const service = await DemoService.start();
  try {
    await Promise.race([play(service), interrupted]);
  } finally {
    await service.stop();
  }
}

async function play(service: DemoService): Promise<void> {
  const startedAt = performance.now();
  console.log('Starting the service …');
  const url = await service.url();
  console.log(`Trainyard is ready at ${url}`);
  try {
    for (const experiment of [concrete, digits]) await runExperiment(new Client(url), experiment);
  } catch (error) {
    console.error(`\n${await service.lastWords()}\n`);
    throw error;
  }
  console.log(`\nDone in ${Math.round((performance.now() - startedAt) / 1000)} s.`);
}
