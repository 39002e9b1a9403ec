import {
  type PrepareTraining,
  type StartTraining,
  TrainerCommand,
  type TrainerMessage,
} from '../../src/spec/trainer.ts';
import { rehearse } from './rehearse.ts';
import { trainRun } from './train-run.ts';
import { failureOf, isTheJobs } from './trainer-failure.ts';
import { startEngine, type TrainingEngine } from './training-engine.ts';

/**
 * The trainer: one child process a run. It talks to its worker over IPC and knows nothing else of the service.
 * It may be asked to get ready before there is a run. Its last message is `succeeded`, `stopped` or `failed`;
 * then it ends.
 */

const stop = new AbortController();
/** There is a run, and nothing is to be rehearsed any more. */
const called = new AbortController();
let prepared: Promise<TrainingEngine | undefined> | undefined;

// The worker decides when a run stops; a terminal's Ctrl-C reaches the whole process group.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
process.on('disconnect', () => process.exit(1));

process.on('message', (message) => {
  const command = TrainerCommand.parse(message);
  if (command.type === 'stop') return stop.abort();
  if (command.type === 'start') return void run(command);
  // What goes wrong is told by the run that comes, which tries again.
  prepared = prepare(command).catch(() => undefined);
});

async function prepare(command: PrepareTraining): Promise<TrainingEngine> {
  const engine = await startEngine(command);
  // Where it fails, such as on a full disk, the first step comes later, and no more.
  if (!called.signal.aborted) await rehearse(engine, command.workDirectory, called.signal).catch(() => {});
  return engine;
}

async function run(command: StartTraining): Promise<void> {
  called.abort();
  try {
    const engine = (await prepared) ?? (await startEngine(command));
    await tell(await trainRun(command, engine, tell, stop.signal));
  } catch (error) {
    const failure = failureOf(error);
    // The user is told of their own faults; ours need their stack, in the run's log.
    if (!isTheJobs(failure)) console.error(error);
    await tell({ type: 'failed', failure });
  }
  process.exit(0);
}

/** Resolves when the worker's end of the pipe has taken the message: so a slow worker slows training. */
function tell(message: TrainerMessage): Promise<void> {
  return new Promise((resolve, reject) => {
    process.send!(message, undefined, {}, (error) => (error ? reject(error) : resolve()));
  });
}
