#!/usr/bin/env node
import { ConfigError } from '../../src/config.ts';
import { CommandError } from './command-error.ts';
import { demo } from './demo/demo.ts';
import { explain } from './explain.ts';
import { up } from './up.ts';

const COMMANDS: Record<string, (args: readonly string[]) => Promise<void>> = { up, demo, explain };

const USAGE = `Usage: trainyard COMMAND

  up        run the service in the foreground
  demo      train and ask two networks on a service of its own, and show the answers
  explain   SPEC.json [DATA]: what the steps of a job are compiled to`;

async function main(name = 'help'): Promise<void> {
  const command = COMMANDS[name];
  if (command === undefined) throw new CommandError(USAGE);
  await command(process.argv.slice(3));
}

try {
  await main(process.argv[2]);
} catch (error) {
  console.error(error instanceof ConfigError || error instanceof CommandError ? error.message : error);
  process.exitCode = 1;
}
