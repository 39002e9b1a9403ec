import { readFileSync } from 'node:fs';
import type { Batch } from '../../../../src/engine/train/batch.ts';
import { size } from '../../../../src/spec/shapes.ts';
import type { ExampleFiles } from '../protocol.ts';

/** All examples in batches, as a stage's loop hands them over: inputs, and classes one-hot. */
export function readBatches(examples: ExampleFiles, batchSize: number): Batch[] {
  const width = size(examples.inputShape);
  const units = examples.classes ?? 1;
  const x = numbers(examples.x);
  const y = examples.classes === null ? numbers(examples.y) : oneHot(numbers(examples.y), examples.classes);
  return Array.from({ length: Math.floor(examples.count / batchSize) }, (_, i) => {
    const [start, end] = [i * batchSize, (i + 1) * batchSize];
    return {
      count: batchSize,
      x: x.slice(start * width, end * width),
      y: y.slice(start * units, end * units),
    };
  });
}

function numbers(file: string): Float32Array {
  return new Float32Array(new Uint8Array(readFileSync(file)).buffer);
}

function oneHot(classes: Float32Array, units: number): Float32Array {
  const targets = new Float32Array(classes.length * units);
  for (const [row, label] of classes.entries()) targets[row * units + label] = 1;
  return targets;
}
