import type { Problems } from '../../data/problems.ts';
import type { InputScaling, ModelImport } from '../../spec/model-import.ts';
import type { InputEncoding, TensorEncoding } from '../../spec/preprocess.ts';

/** So many columns a table has at most; a longer list of numbers is a tensor. */
const MOST_COLUMNS = 10_000;

/** What a tensor is called where nobody says, by how many axes it has. */
const TENSOR_NAMES = ['', 'values', 'sequence', 'image', 'tensor'];

/**
 * How the rows that are sent become an imported network's input: a list of numbers is a table's columns, unless it
 * is scaled; a picture or a sequence is a tensor.
 */
export function settleInputs(
  inputShape: readonly number[],
  { inputs: names, input }: Pick<ModelImport, 'inputs' | 'input'>,
  problems: Problems,
): InputEncoding[] {
  const [length] = inputShape as [number];
  if (inputShape.length === 1 && input === undefined && length <= MOST_COLUMNS)
    return columns(length, names, problems);
  if (names && names.length > 1)
    problems.add('/inputs', `names ${names.length}, and the model takes one: [${inputShape.join(', ')}]`);
  const [name = TENSOR_NAMES[inputShape.length]!] = names ?? [];
  const scaling = scalingOf(inputShape, input, problems);
  // Pictures of any size are brought to the network's, as those of a ZIP are by a job that builds on it.
  const fit = isPicture(inputShape) ? ({ fit: 'cover' } as const) : {};
  return [{ type: 'tensor', name, shape: [...inputShape], ...scaling, ...fit, bytes: isPicture(inputShape) }];
}

function columns(length: number, names: readonly string[] | undefined, problems: Problems): InputEncoding[] {
  if (names && names.length !== length)
    problems.add('/inputs', `names ${names.length}, and the model takes ${length} numbers`);
  return Array.from({ length }, (_, i) => ({
    type: 'number',
    name: names?.[i] ?? `x${i + 1}`,
    mean: 0,
    std: 1,
  }));
}

type Scaling = Pick<TensorEncoding, 'scale' | 'mean' | 'std'>;

const PRESETS: Readonly<Record<Extract<InputScaling, string>, { scale: number; mean: number }>> = {
  zeroToOne: { scale: 1 / 255, mean: 0 },
  minusOneToOne: { scale: 2 / 255, mean: 1 },
  bytes: { scale: 1, mean: 0 },
};

function isPicture({ length }: readonly number[]): boolean {
  return length === 3;
}

function scalingOf(
  inputShape: readonly number[],
  asked: InputScaling | undefined,
  problems: Problems,
): Scaling {
  const channels = inputShape.at(-1)!;
  const given = asked ?? (isPicture(inputShape) ? 'zeroToOne' : 'bytes');
  const { scale, mean, std } =
    typeof given === 'string' ? { ...PRESETS[given], mean: [PRESETS[given].mean], std: [1] } : given;
  return {
    scale,
    mean: perChannel(mean, channels, '/input/mean', problems),
    std: perChannel(std, channels, '/input/std', problems),
  };
}

function perChannel(
  numbers: readonly number[],
  channels: number,
  pointer: string,
  problems: Problems,
): number[] {
  if (numbers.length === channels) return [...numbers];
  if (numbers.length !== 1)
    problems.add(pointer, `has ${numbers.length} numbers, and there are ${channels} channels`);
  return Array(channels).fill(numbers[0]!);
}
