import type { NamedArrays } from '../../safetensors.ts';
import { initialWeights } from '../model/network.ts';
import { trainingBatch } from '../train/batches.ts';
import { firstSlots } from '../train/first-slots.ts';
import { compileStage } from '../train/stage-program.ts';
import type { TrainJob } from '../train/train-job.ts';
import { compile } from './compile.ts';
import { type Lines, linesOf } from './lines.ts';
import { planProgram } from './plan/plan.ts';
import { type Part, printProgram } from './print.ts';
import { batchShapes, stepOf } from './step-program.ts';

/** What the steps of a job's first stage are compiled to, for people. @throws UnrecordableError */
export async function explainStep(job: TrainJob): Promise<string> {
  const stage = job.stages[0]!;
  const { program } = compileStage(job, stage, 1);
  const weights = {
    ...initialWeights(job.network, job.seed, job.reused),
    ...(job.generator && initialWeights(job.generator, job.seed)),
  };
  const slots = await firstSlots(program, weights);
  const { train } = job.data;
  const size = Math.min(stage.batchSize, train.count);
  const at = { stage: 1, epoch: 1, step: 0 };
  const batch = trainingBatch(job, program.objective, job.data.order(1, 1), { start: 0, size, at });
  const startedAt = performance.now();
  const { program: compiled, schedule } = compile(
    stepOf(program, batchShapes(program, batch), { weights, slots }),
  );
  const plan = planProgram(compiled, schedule, () => 0, 0);
  const milliseconds = performance.now() - startedAt;
  const title = `A step of ${batch.count} examples, compiled in ${milliseconds.toFixed(0)} ms`;
  const parts = partsOf(linesOf(program, { weights, slots }), { ...weights, ...slots });
  return `${title}\n\n${printProgram(compiled, schedule, plan, parts)}`;
}

function partsOf(lines: Lines, arrays: NamedArrays): Record<string, Part[]> {
  const parts = Object.entries(lines).map(([line, names]) => {
    let end = 0;
    const ofLine = names.map((name) => {
      const [offset, size] = [end, arrays[name]!.data.length];
      end += size;
      return { name, offset, size };
    });
    return [line, ofLine] as const;
  });
  return Object.fromEntries(parts);
}
