import type { AskedShape } from '../spec/asked-shape.ts';
import type { DataSpec } from '../spec/data.ts';
import type { Channels, Pictures } from '../spec/dataset.ts';
import type { PictureShape } from '../spec/picture.ts';
import { size } from '../spec/shapes.ts';
import type { PlannedInput } from './plan-inputs.ts';
import type { Problems } from './problems.ts';

const POINTER = '/data/imageSize';

/**
 * Settles the one shape to which pictures that come as files are brought: the size that the job says, else the one
 * that its model asks for, else the one that all of them have. Channels likewise.
 * @returns undefined where none of these says it
 */
export function settlePictureShape(
  { sizes, distinctSizes, channels }: Pictures,
  said: DataSpec['imageSize'],
  asked: AskedShape | undefined,
): PictureShape | undefined {
  const wanted = asked?.length === 3 ? { height: asked[0], width: asked[1], channels: asked[2] } : {};
  const common = distinctSizes === 1 ? sizes[0] : undefined;
  const height = said?.height ?? wanted.height ?? common?.height;
  const width = said?.width ?? wanted.width ?? common?.width;
  if (height === undefined || width === undefined) return undefined;
  return {
    height,
    width,
    channels: said?.channels ?? channelsOf(wanted.channels) ?? channels,
    fit: said?.fit ?? 'cover',
  };
}

/** Whatever else a model asks for is told where its input's shape is compared. */
function channelsOf(channels: number | null | undefined): Channels | undefined {
  return channels === 1 || channels === 3 ? channels : undefined;
}

/** Gives pictures among the inputs their shape; adds a problem where it is open, or where there are none to size. */
export function planPictures(
  inputs: readonly PlannedInput[],
  data: DataSpec,
  asked: AskedShape | undefined,
  problems: Problems,
): PlannedInput[] {
  if (data.imageSize && !inputs.some(({ column }) => column.pictures))
    problems.add(POINTER, `${whyNotSized(inputs)}; only pictures in a ZIP are brought to a size`);
  return inputs.map((input) => {
    const { pictures } = input.column;
    if (!pictures) return input;
    const picture = settlePictureShape(pictures, data.imageSize, asked);
    if (picture)
      return {
        ...input,
        column: { ...input.column, shape: [picture.height, picture.width, picture.channels] },
        picture,
      };
    problems.add(POINTER, openSize(pictures));
    return input;
  });
}

function whyNotSized(inputs: readonly PlannedInput[]): string {
  const tensor = inputs.find(({ column }) => column.type === 'tensor');
  return tensor
    ? `“${tensor.column.name}” has the shape ${tensor.column.shape?.join(' × ')} in every row already`
    : 'the inputs are no pictures';
}

const SIZES_SHOWN = 3;

function openSize({ sizes, distinctSizes }: Pictures): string {
  const shown = sizes
    .slice(0, SIZES_SHOWN)
    .map(({ height, width, count }) => `${height} × ${width} (${count})`);
  const more = distinctSizes > shown.length ? ', …' : '';
  return `the pictures have ${distinctSizes} sizes, height × width: ${shown.join(', ')}${more}; say to which they are brought: { "height": …, "width": … }`;
}

/** A byte a number in the table, four where it is encoded; both are held at once. */
const TABLE_BYTES = 1;
const ENCODED_BYTES = 4;
const MAX_BYTES = 4e9;

/**
 * Adds a problem where the pictures don't fit into the memory.
 * @param rows of the data set
 * @param used how many of them are learned from or measured by
 */
export function checkPictureMemory(
  inputs: readonly PlannedInput[],
  rows: number,
  used: number,
  problems: Problems,
): void {
  for (const { column, picture } of inputs) {
    const bytes = picture ? size(column.shape!) * (rows * TABLE_BYTES + used * ENCODED_BYTES) : 0;
    if (bytes <= MAX_BYTES) continue;
    const shape = column.shape!.join(' × ');
    const message = `${rows} pictures of ${shape} take ${(bytes / 1e9).toFixed(1)} GB, and ${MAX_BYTES / 1e9} are the most: choose a smaller size`;
    problems.add(POINTER, message);
  }
}
