import { type Infer, pair, requireImage, size, text } from './shape.ts';

export const flatten: Infer<'flatten'> = (_layer, input) => ({ outputShape: [size(input)] });

export const reshape: Infer<'reshape'> = (layer, input) => {
  const said = size(layer.shape.filter((length) => length !== -1));
  const outputShape = layer.shape.map((length) => (length === -1 ? Math.floor(size(input) / said) : length));
  if (size(outputShape) !== size(input)) {
    throw new Error(
      `can’t reshape ${text(input)} (${size(input)} numbers) to ${text(layer.shape)} (${said} numbers)`,
    );
  }
  return { outputShape };
};

export const upSampling: Infer<'upSampling'> = (layer, input) => {
  const [height, width, channels] = requireImage(input);
  const [rows, columns] = pair(layer.size);
  return { outputShape: [height * rows, width * columns, channels] };
};

export const zeroPadding: Infer<'zeroPadding'> = (layer, input) => {
  const [height, width, channels] = requireImage(input);
  const [[top, bottom], [left, right]] = layer.padding;
  return { outputShape: [height + top + bottom, width + left + right, channels] };
};
