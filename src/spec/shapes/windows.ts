import { pair, type Shape, text } from './shape.ts';

type Window = number | readonly [number, number];
type Padding = 'valid' | 'same';

/** How many places a window has along an axis. */
export function placesAlong(length: number, window: number, stride: number, padding: Padding): number {
  return padding === 'same' ? Math.ceil(length / stride) : Math.floor((length - window) / stride) + 1;
}

/** How far a transposed convolution spreads a length, as Keras has it: the least that its window leaves no gap in. */
export function spreadAlong(length: number, window: number, stride: number, padding: Padding): number {
  return length * stride + (padding === 'valid' ? Math.max(window - stride, 0) : 0);
}

/** What a window that slides over a picture puts out. @throws Error where it doesn't fit */
export function slide(
  input: Shape,
  windowSize: Window,
  strides: Window,
  padding: Padding,
  channels: number,
): Shape {
  const window = pair(windowSize);
  const stride = pair(strides);
  const places = [0, 1].map((axis) => placesAlong(input[axis]!, window[axis]!, stride[axis]!, padding));
  if (places.some((n) => n < 1)) throw doesNotFit(window.join('×'), input);
  return [...places, channels];
}

/** The same over a sequence. */
export function slideAlong(
  input: Shape,
  window: number,
  stride: number,
  padding: Padding,
  channels: number,
): Shape {
  const places = placesAlong(input[0]!, window, stride, padding);
  if (places < 1) throw doesNotFit(String(window), input);
  return [places, channels];
}

function doesNotFit(window: string, input: Shape): Error {
  return new Error(
    `its ${window} window doesn’t fit into ${text(input)}; use padding “same” or a smaller window`,
  );
}
