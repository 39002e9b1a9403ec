import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { Call } from './call.ts';
import { END, FETCH, type FollowerData, type FollowerProgram } from './follower-protocol.ts';
import { link, nestFunctions } from './link.ts';
import { machineOver } from './machine.ts';
import { Rendezvous } from './rendezvous.ts';

async function follow({ memory, integers, threads, thread, gemm }: FollowerData): Promise<void> {
  const machine = await machineOver(memory, thread, gemm);
  const rendezvous = new Rendezvous(integers, threads);
  const calls: Call[] = [];
  parentPort!.postMessage('started');
  for (;;) {
    const command = rendezvous.nextCommand();
    if (command === END) return;
    if (command === FETCH) {
      const { module, nests, measure, update } = receiveMessageOnPort(parentPort!)!
        .message as FollowerProgram;
      const functions = nestFunctions(module, nests, machine);
      for (const stream of [measure, update]) calls.push(link(stream, functions, machine, rendezvous.meet));
    } else {
      calls[command]!();
    }
    rendezvous.done();
  }
}

const data = workerData as FollowerData;
try {
  await follow(data);
} catch (error) {
  new Rendezvous(data.integers, data.threads).fail();
  throw error;
}
