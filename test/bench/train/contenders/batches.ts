import { readFileSync } from 'node:fs';
import { createGather, epochOrder } from '../../../../src/data/batches.ts';
import type { Examples } from '../../../../src/data/examples.ts';
import type { Batch } from '../../../../src/engine/train/batch.ts';
import { size } from '../../../../src/spec/shapes.ts';
import { type ExampleFiles, SEED } from '../protocol.ts';

/** All examples in batches, as a stage's loop hands them over: inputs, and classes one-hot. */
export function readBatches(files: ExampleFiles, batchSize: number): Batch[] {
  const { x, y, width, units, count } = readExamples(files);
  return Array.from({ length: Math.floor(count / batchSize) }, (_, i) => {
    const [start, end] = [i * batchSize, (i + 1) * batchSize];
    return {
      count: batchSize,
      x: x.slice(start * width, end * width),
      y: y.slice(start * units, end * units),
    };
  });
}

/** The batch of each step, counted from 0, where every epoch has an order of its own. */
export function shuffledBatches(files: ExampleFiles, batchSize: number): (step: number) => Batch {
  const examples = readExamples(files);
  const stepsPerEpoch = Math.floor(examples.count / batchSize);
  const gather = createGather();
  let order: Uint32Array = new Uint32Array();
  return (step) => {
    const inEpoch = step % stepsPerEpoch;
    if (inEpoch === 0) order = epochOrder(SEED, 1, 1 + step / stepsPerEpoch, examples.count, true);
    return gather(examples, order, inEpoch * batchSize, batchSize);
  };
}

function readExamples({ x, y, count, inputShape, classes }: ExampleFiles): Examples {
  return {
    count,
    width: size(inputShape),
    units: classes ?? 1,
    x: numbers(x),
    y: classes === null ? numbers(y) : oneHot(numbers(y), classes),
  };
}

function numbers(file: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(file)).buffer);
}

function oneHot(classes: Float32Array, units: number): Float32Array {
  const targets = new Float32Array(classes.length * units);
  for (const [row, label] of classes.entries()) targets[row * units + label] = 1;
  return targets;
}
