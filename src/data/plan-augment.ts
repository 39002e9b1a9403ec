import type { DataSpec } from '../spec/data.ts';
import type { LayerSpec } from '../spec/layer.ts';
import type { PlannedInput } from './plan-inputs.ts';
import { type Problems, pointerTo } from './problems.ts';

/** Checks that there are pictures to augment, and that no shift leaves nothing of them. */
export function checkAugmentation(
  { augment }: DataSpec,
  inputs: readonly PlannedInput[],
  embedding: LayerSpec | undefined,
  problems: Problems,
): void {
  if (!augment) return;
  const { name, shape } = inputs[0]!.column;
  if (embedding || shape?.length !== 3) {
    const message = `only pictures are augmented, tensors of height × width × channels, and ${embedding ? 'the first layer is an embedding, which takes ids' : otherInputs(name, shape)}`;
    problems.add('/data/augment', message);
    return;
  }
  const [height, width] = shape as [number, number, number];
  for (const [i, step] of augment.entries()) {
    if (step.type === 'shift' && step.pixels >= Math.min(height, width))
      problems.add(
        pointerTo('data', 'augment', i, 'pixels'),
        `a shift by ${step.pixels} pixels can leave nothing of a picture of ${height} × ${width}`,
      );
  }
}

function otherInputs(name: string, shape: readonly number[] | undefined): string {
  return shape ? `“${name}” has the shape ${shape.join(' × ')}` : 'the inputs are columns of single values';
}
